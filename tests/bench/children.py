"""The children that are compared, all with a processor that does nothing."""
import dataclasses
import os
import shlex
import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOP = HERE.parent.parent

CONFIG = """\
version: 1
plugins_dir: {plugins}
plugin: {{path: noop.so}}
isolation: {isolation}
state_dir: {state}
log: {{level: warn}}
"""


@dataclasses.dataclass(frozen=True)
class Child:
    name: str
    command: str  # for replay's --exec
    fast: bool    # can be given more to do, for steadier figures
    env: dict = dataclasses.field(default_factory=dict)


def kclhost_command(build: Path, folder: Path, isolation: str) -> str:
    config = folder / f"kclhost-{isolation}.yaml"
    config.write_text(CONFIG.format(plugins=build / "plugins", isolation=isolation, state=folder / "state"))
    return shlex.join([str(build / "bin" / "kclhost"), "run", "--config", str(config)])


def peers_folder() -> Path:
    """Where scripts/fetch-peers has put kclpy and aws-kcl; it is run if it has not."""
    folder = Path(os.environ.get("KCLHOST_PEERS_DIR") or TOP / ".cache" / "peers").absolute()
    subprocess.run([TOP / "scripts" / "fetch-peers", folder], check=True)
    return folder


READING = ", data read"  # in the name of a peer whose processor asks for each record's data


def reading(child: Child) -> Child:
    return dataclasses.replace(child, name=child.name + READING, command=child.command + " read")


def kclpy(folder: Path) -> Child:
    """Run by a copy of the interpreter: this process runs the original, and would share its pages with the child."""
    venv = peers_folder() / "venv"
    python = folder / "python" / "bin" / "python3"
    if not python.exists():
        python.parent.mkdir(parents=True)
        shutil.copy((venv / "bin" / "python").resolve(), python)
        shutil.copy(venv / "pyvenv.cfg", folder / "python" / "pyvenv.cfg")
    packages = next((venv / "lib").glob("python3*/site-packages"))
    return Child("kclpy", shlex.join([str(python), str(HERE / "peers" / "kclpy_noop.py")]), False,
                 {"PYTHONPATH": str(packages)})


def all_children(build: Path, folder: Path) -> list:
    peers = peers_folder()
    node = shutil.which("node") or shutil.which("nodejs")
    return [
        Child("floor", str(build / "bin" / "bench_floor"), True),
        Child("kclhost", kclhost_command(build, folder, "process"), True),
        Child("kclhost, isolation none", kclhost_command(build, folder, "none"), True),
        kclpy(folder),
        Child("aws-kcl", shlex.join([node, str(HERE / "peers" / "aws_kcl_noop.js")]), False,
              {"NODE_PATH": str(peers / "node_modules")}),
    ]
