"""What the local services are made of, fetched once into a cache by npm, Maven and pip.

Everything is pinned in this folder. A fetched directory carries a stamp, .complete, with the SHA-256 of the file that
pins it, so a changed pin fetches again and an interrupted fetch leaves nothing that looks whole. Callers in several
processes wait for one another.
"""
import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
CACHE = Path(os.environ.get("KCLHOST_CACHE") or ROOT / ".cache").absolute()
STAMP = ".complete"


class FetchError(RuntimeError):
    """A package client failed; the message is for a person."""


def kinesis_local() -> Path:
    """The folder of kinesis-local's main.js."""
    pins = HERE / "kinesis-local"

    def fill(directory: Path):
        for name in ("package.json", "package-lock.json"):
            shutil.copy(pins / name, directory)
        _run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], directory)

    return _fetched("kinesis-local", pins / "package-lock.json", fill) / "node_modules" / "kinesis-local"


def dynamodb_local() -> Path:
    """The folder of DynamoDBLocal's jars and native libraries."""
    return _jars("dynamodb-local", HERE / "dynamodb-local" / "pom.xml")


def daemon() -> Path:
    """The folder of the MultiLangDaemon's jars: the same that "kclhost fetch-daemon --to .cache/jars" fills."""
    return _jars("jars", ROOT / "config" / "daemon" / "pom.xml")


def moto() -> Path:
    """The Python interpreter of a virtual environment with moto and hypercorn."""
    return _environment("moto") / "bin" / "python"


def kpl() -> Path:
    """A folder for sys.path, with the KPL's aggregator (aws_kinesis_agg)."""
    return next(_environment("kpl").glob("lib/python3*/site-packages"))


def cyclonedx() -> Path:
    """The Python interpreter of a virtual environment with CycloneDX's library."""
    return _environment("cyclonedx") / "bin" / "python"


def oldest_cmake() -> Path:
    """The oldest CMake that plugins can be built with."""
    return next(_environment("oldest-cmake").glob("lib/python3*/site-packages/cmake/data/bin/cmake"))


def kubernetes_validate() -> Path:
    """The Python interpreter of a virtual environment with Kubernetes' schemas and what goes by them."""
    return _environment("kubernetes-validate") / "bin" / "python"


def kclpy() -> Path:
    """The Python interpreter of a virtual environment with amazon_kclpy, in the version whose daemon is ours."""
    folder = Path(os.environ.get("KCLHOST_PEERS_DIR") or CACHE / "peers").absolute()
    _run([ROOT / "scripts" / "fetch-peers", folder], ROOT)
    return folder / "venv" / "bin" / "python"


def async_kinesis() -> Path:
    """The Python interpreter of a virtual environment with async-kinesis, which reads Kinesis without the KCL."""
    return _environment("async-kinesis") / "bin" / "python"


def _jars(name: str, pom: Path) -> Path:
    def fill(directory: Path):
        _run(["mvn", "-B", "-q", "-ntp", "-f", pom, "dependency:copy-dependencies", "-DincludeScope=runtime",
              f"-DoutputDirectory={directory}"], directory)

    return _fetched(name, pom, fill)


def _environment(name: str) -> Path:
    """A virtual environment of Debian's Python with what the folder of that name pins."""
    pins = HERE / name / "requirements.txt"

    def fill(directory: Path):
        _run(["/usr/bin/python3", "-m", "venv", directory], directory.parent)
        # By module: scripts in bin/ name the directory they were made in, which is renamed afterwards.
        _run([directory / "bin/python", "-m", "pip", "install", "-q", "--disable-pip-version-check", "-r", pins], ROOT)

    return _fetched(name, pins, fill)


def _fetched(name: str, pin: Path, fill) -> Path:
    target = CACHE / name
    key = hashlib.sha256(pin.read_bytes()).hexdigest()
    partial = CACHE / f"{name}.partial"
    CACHE.mkdir(parents=True, exist_ok=True)
    while not is_complete(target, key):
        # The partial directory is its own lock: whoever holds it fills it and renames it, which the others then notice.
        with contextlib.suppress(FileExistsError):
            partial.mkdir()
        descriptor = os.open(partial, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if not partial.exists() or os.stat(partial).st_ino != os.fstat(descriptor).st_ino:
                continue
            for entry in partial.iterdir():
                shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
            fill(partial)
            (partial / STAMP).write_text(key + "\n")
            if target.exists():
                shutil.rmtree(target)
            partial.rename(target)
        finally:
            os.close(descriptor)
    return target


def is_complete(directory: Path, key: str) -> bool:
    """"kclhost fetch-daemon" writes the names of the jars below the key."""
    with contextlib.suppress(FileNotFoundError):
        return (directory / STAMP).read_text().partition("\n")[0] == key
    return False


def _run(command, directory: Path):
    command = [str(word) for word in command]
    try:
        done = subprocess.run(command, cwd=directory, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace")
    except FileNotFoundError:
        raise FetchError(f"{command[0]} is not installed; run scripts/install-deps run") from None
    if done.returncode:
        tail = "\n".join(done.stdout.strip().splitlines()[-15:])
        raise FetchError(f"{' '.join(command[:3])} failed (exit {done.returncode}):\n{tail}")
