import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

import fetch  # noqa: E402
from scenario import started  # noqa: E402


@pytest.fixture(scope="session")
def stages(request, tmp_path_factory):
    fetch.kpl()
    with started(request, tmp_path_factory) as stages:
        yield stages
