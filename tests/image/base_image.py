"""The Dockerfile's base image, made here: no image registry is needed, only Debian's packages."""
import fcntl
import os
import platform
import shutil
import subprocess
from pathlib import Path

# The Dockerfile's DEBIAN. KCLHOST_IMAGE_DEBIAN=trixie tests the image with that.
RELEASE = os.environ.get("KCLHOST_IMAGE_DEBIAN") or "bookworm"
NAME = f"docker.io/library/debian:{RELEASE}-slim"
APT_CONF, APT_SOURCES = Path("etc/apt/apt.conf.d"), Path("etc/apt/sources.list.d/debian.sources")
# What this machine knows of mirrors, certificates and proxies; where it has none of these, Debian's own defaults will do.
SETTINGS = (Path("usr/local/share/ca-certificates"), Path("root/.m2/settings.xml"), Path("root/.mavenrc"))


def make_root(cache: Path) -> Path:
    """A minimal Debian, made once."""
    root = cache / f"image-base-{RELEASE}"
    cache.mkdir(parents=True, exist_ok=True)
    with open(cache / f"{root.name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (root / ".complete").exists():
            shutil.rmtree(root, ignore_errors=True)
            made = subprocess.run(["debootstrap", "--variant=minbase", RELEASE, root], capture_output=True, text=True)
            assert made.returncode == 0, made.stdout[-2000:] + made.stderr
            (root / ".complete").touch()
    return root


def import_base(buildah, cache: Path):
    """Makes the image under the name that the Dockerfile uses, with this machine's settings."""
    container = buildah("from", "scratch").strip()
    buildah("add", "--quiet", container, make_root(cache), "/")
    settings = [*SETTINGS, *own_apt_settings()]
    for path in settings:
        if Path("/", path).exists():
            buildah("add", "--quiet", container, Path("/", path), Path("/", path))
    if APT_SOURCES in settings:  # in place of what debootstrap wrote, not beside it
        buildah("run", container, "--", "truncate", "--size=0", "/etc/apt/sources.list")
    buildah("commit", "--quiet", container, NAME)
    buildah("rm", container)


def own_apt_settings() -> list:
    """How apt reaches its packages here: what no package has brought, and the sources where they are for that release."""
    listed = sorted(Path("/", APT_CONF).glob("*"))
    own = [file.relative_to("/") for file in listed
           if subprocess.run(["dpkg", "-S", file], capture_output=True).returncode != 0]
    if Path("/", APT_SOURCES).exists() and platform.freedesktop_os_release().get("VERSION_CODENAME") == RELEASE:
        own.append(APT_SOURCES)
    return own
