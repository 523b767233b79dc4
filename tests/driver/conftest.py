import os
import random
import shutil
import tempfile
from pathlib import Path

import pytest

# Outside of ctest: the release build.
BUILD = Path(__file__).resolve().parents[2] / "build/release"
for what, folder in (("BIN", "bin"), ("DRIVER", "driver"), ("PLUGINS", "plugins")):
    os.environ.setdefault(f"KCLHOST_{what}_DIR", str(BUILD / folder))

SANITIZED = os.environ.get("KCLHOST_SANITIZE", "")


def pytest_addoption(parser):
    parser.addoption("--seed", type=int, default=None, help="repeats a run that printed this seed")
    parser.addoption("--kills", type=int, default=None, help="so many workers of each plugin's")


@pytest.fixture
def seed(request):
    """Printed by who uses it."""
    given = request.config.getoption("--seed")
    return given if given is not None else random.SystemRandom().randrange(1 << 32)


@pytest.fixture
def kills(request):
    """So many of the workers."""
    return request.config.getoption("--kills") or (6 if SANITIZED else 30)


@pytest.fixture
def directory():
    """Where every user may go, as into none of pytest's."""
    made = Path(tempfile.mkdtemp(prefix="kclhost-driver-"))
    yield made
    shutil.rmtree(made)
