import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "support"), str(TESTS / "e2e")]

import services  # noqa: E402
from scenario import started  # noqa: E402


@pytest.fixture(scope="session")
def stages(request, tmp_path_factory):
    with started(request, tmp_path_factory, services.MotoKinesis) as stages:
        yield stages
