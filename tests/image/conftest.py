import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import base_image  # noqa: E402
import fetch  # noqa: E402


# In a plain chroot / is no mount point, and buildah's isolation fails to make it private. /proc, which can be made so, is
# where nobody outside sees what we mount: / itself, and from there on it is one.
IN_A_MOUNT = 'mount --make-rprivate /proc; mount --rbind / /proc; exec /usr/sbin/chroot /proc "$@"'


def root_is_a_mount() -> bool:
    return any(line.split()[4] == "/" for line in Path("/proc/self/mountinfo").read_text().splitlines())


# buildah runs a command by a sealed copy of itself. The kernel refuses the seal while anything else holds one of the copy's
# pages for a moment, and buildah does not ask again: what it was to run has not begun then.
NOT_SEALED = "sealing memfd copy: Device or resource busy"


class Builder:
    """buildah, with storage of its own."""

    def __init__(self, storage: Path):
        # vfs works on every file system, chroot isolation in every container that root owns.
        shell = ["unshare", "--mount", "--propagation", "unchanged", "sh", "-ec", IN_A_MOUNT, "sh"]
        self.in_a_mount = [] if root_is_a_mount() else shell
        self.command = [*self.in_a_mount, "buildah", "--storage-driver", "vfs", "--root", str(storage / "root"),
                        "--runroot", str(storage / "run")]
        self.environment = {**os.environ, "TMPDIR": str(storage / "tmp"), "BUILDAH_ISOLATION": "chroot"}
        # The Dockerfile's cache mounts: this machine's own caches, so nothing is compiled or fetched a second time.
        mounts = storage / "tmp" / "buildah-cache"
        mounts.mkdir(parents=True)
        ccache = subprocess.run(["ccache", "--get-config", "cache_dir"], capture_output=True, text=True, check=True)
        for name, cache in (("kclhost-ccache", Path(ccache.stdout.strip())),
                            ("kclhost-maven", Path.home() / ".m2" / "repository")):
            cache.mkdir(parents=True, exist_ok=True)
            (mounts / name).symlink_to(cache)

    def __call__(self, *arguments) -> str:
        for _ in range(10):
            done = subprocess.run([*self.command, *map(str, arguments)], capture_output=True, text=True,
                                  env=self.environment)
            if done.returncode == 0 or NOT_SEALED not in done.stderr:
                break
        assert done.returncode == 0, f"{arguments}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        return done.stdout


@pytest.fixture(scope="session")
def builder():
    if os.geteuid() != 0:
        pytest.skip("the image's test needs root: buildah's chroot isolation mounts")
    storage = fetch.CACHE / "image-storage"  # gigabytes: in one place, where the next run finds what a killed one left
    fetch.CACHE.mkdir(parents=True, exist_ok=True)
    with open(fetch.CACHE / "image-storage.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        shutil.rmtree(storage, ignore_errors=True)
        try:
            yield Builder(storage)
        finally:
            shutil.rmtree(storage)


@pytest.fixture(scope="session")
def stages(builder, tmp_path_factory):
    """Each stage of the Dockerfile as an image of its name, the last one as kclhost. One after the other, so that the stages
    that both images have are made once: a stage finds an image where it would find a stage."""
    base_image.import_base(builder, fetch.CACHE)
    begin, *rest = re.split(r"^(?=FROM )", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    file = tmp_path_factory.mktemp("stages") / "Dockerfile"
    for stage in rest:
        name = re.match(r"FROM \S+(?: AS (\S+))?\n", stage)[1] or "kclhost"
        file.write_text(begin + stage)
        builder("bud", "--format", "docker", "--pull-never", "--build-arg", f"DEBIAN={base_image.RELEASE}", "--file", file, "--tag", name, ROOT)


@pytest.fixture(scope="session")
def image(stages):
    return "kclhost"


@pytest.fixture(scope="session")
def declared(builder, image) -> dict:
    """What the image says of itself."""
    return json.loads(builder("inspect", image))["Docker"]["config"]


@pytest.fixture(scope="session")
def container(builder, image, declared):
    name = builder("from", "--pull-never", image).strip()
    # buildah run (1.28) mounts the image's own volumes over some of those that its command line names.
    for volume in declared["Volumes"]:
        builder("config", "--volume", f"{volume}-", name)
    return name


@pytest.fixture(scope="session")
def root(builder, container) -> Path:
    """Where the image's files are."""
    return Path(builder("mount", container).strip())


@pytest.fixture(scope="session")
def debug(builder, stages):
    """A container of the image to look inside with."""
    return builder("from", "--pull-never", "debug").strip()
