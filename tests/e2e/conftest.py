import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import fetch  # noqa: E402
import services  # noqa: E402
from scenario import Stage  # noqa: E402


def built(variable: str, default: str) -> Path:
    path = Path(os.environ.get(variable) or ROOT / "build" / "release" / default)
    assert path.exists(), f"{path} is not built; set {variable}"
    return path


@pytest.fixture(scope="session")
def stages(request, tmp_path_factory):
    """The collected scenarios, all at work since the first test began: each is mostly the KCL's waiting."""
    programs = {"kclhost": built("KCLHOST_BIN_DIR", "bin") / "kclhost",
                "plugins": built("KCLHOST_PLUGINS_DIR", "plugins"), "zoo": built("KCLHOST_ZOO_DIR", "zoo")}
    fetch.kpl()
    items = [item for item in request.session.items if hasattr(item.obj, "scenario")]
    with services.LocalServices(tmp_path_factory.mktemp("services")) as local, ThreadPoolExecutor(len(items)) as pool:
        stages = {item.obj.scenario: Stage(local, tmp_path_factory.mktemp(item.name), **programs) for item in items}
        try:
            for scenario, stage in stages.items():
                stage.begin(pool, scenario)
            yield stages
        finally:
            for stage in stages.values():
                stage.cancel()
