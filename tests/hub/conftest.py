import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

from launch import Launch  # noqa: E402

BIN = Path(os.environ.get("KCLHOST_BIN_DIR") or ROOT / "build" / "dev" / "bin")
ZOO = Path(os.environ.get("KCLHOST_ZOO_DIR") or ROOT / "build" / "dev" / "zoo")


@pytest.fixture
def launch(tmp_path):
    """Makes a launch of a plugin of the zoo's and, mostly, waits until its daemon runs."""
    made = []

    def make(plugin="actor.so", config=None, begin=True, **settings):
        directory = tmp_path / str(len(made))
        directory.mkdir()
        notes = {"notes": str(directory / "notes")} if plugin.startswith(("actor", "holder")) else {}
        made.append(Launch(BIN / "kclhost", directory, {"path": plugin, "config": notes | (config or {})}, ZOO, **settings))
        return made[-1].begin() if begin else made[-1]

    yield make
    for one in made:
        one.clean_up()
