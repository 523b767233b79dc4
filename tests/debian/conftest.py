"""The packages of this build, and a clean Debian with them."""
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
os.environ.setdefault("KCLHOST_IMAGE_DEBIAN", platform.freedesktop_os_release()["VERSION_CODENAME"])
sys.path[:0] = [str(TESTS / "image"), str(TESTS / "support")]

import base_image  # noqa: E402
import fetch  # noqa: E402

# Mounts that nobody outside sees, see tests/image/conftest.py: the root is over /proc, which can be made private everywhere.
IN_THE_ROOT = """root=$1; shift
mount --make-rprivate /proc; mount --rbind "$root" /proc; mount --make-rprivate /proc
mount -t proc proc /proc/proc; mount --rbind /dev /proc/dev; exec chroot /proc "$@" """


class Debian:
    """A root of its own."""

    def __init__(self, root):
        self.root = root
        self.environment = {**os.environ, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8",
                            "DEBIAN_FRONTEND": "noninteractive"}

    def run(self, *command, code=0):
        done = subprocess.run(["unshare", "--mount", "--propagation", "unchanged", "sh", "-ec", IN_THE_ROOT, "sh", self.root,
                               *map(str, command)], env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
        assert done.returncode == code, f"{command}: {done.returncode}\n{done.stdout[-4000:]}"
        return done.stdout

    def sh(self, script, user="root"):
        return self.run("runuser", "--user", user, "--", "sh", "-ec", script)

    def apt_get(self, *arguments):
        return self.run("apt-get", "-qq", "-o", "Dpkg::Options::=--force-unsafe-io", "-o", "Dpkg::Use-Pty=0",
                        "--no-install-recommends", "--yes", *arguments)


@pytest.fixture(scope="session")
def packages(tmp_path_factory):
    """{name: its file}"""
    folder = tmp_path_factory.mktemp("packages")
    done = subprocess.run([os.environ["KCLHOST_CPACK"], "--config", f"{os.environ['KCLHOST_BUILD_DIR']}/CPackConfig.cmake", "-B", folder],
                          capture_output=True, text=True, cwd=folder, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    shutil.rmtree(folder / "_CPack_Packages")
    return {file.name.split("_")[0]: file for file in folder.glob("*.deb")}


@pytest.fixture(scope="session")
def debian(packages, tmp_path_factory):
    """With both packages, and what they say that they need."""
    if os.geteuid() != 0:
        pytest.skip("a clean Debian needs root")
    root = tmp_path_factory.mktemp("debian") / "root"
    subprocess.run(["cp", "-a", "--reflink=auto", base_image.make_root(fetch.CACHE), root], check=True)
    try:
        settings = [*base_image.SETTINGS, *base_image.own_apt_settings(), Path("etc/resolv.conf"), Path("etc/ssl/certs/ca-certificates.crt")]
        for path in (path for path in settings if Path("/", path).exists()):
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            subprocess.run(["cp", "-aLT", Path("/", path), root / path], check=True)
        if base_image.APT_SOURCES in settings:
            (root / "etc/apt/sources.list").write_text("")
        for file in packages.values():
            shutil.copy(file, root)
        machine = Debian(root)
        machine.apt_get("update")
        machine.apt_get("install", *(f"/{file.name}" for file in packages.values()))
        yield machine
    finally:
        subprocess.run(["rm", "-rf", root], check=True)
