import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))


@pytest.fixture
def kclhost():
    """The program under test."""
    program = Path(os.environ.get("KCLHOST") or ROOT / "build" / "dev" / "bin" / "kclhost")
    assert program.exists(), f"{program} is not built; set KCLHOST to the program to test"
    return program
