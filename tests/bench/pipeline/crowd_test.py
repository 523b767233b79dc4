"""A crowd's missing records are counted shard by shard."""
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pipeline.arrivals import Arrivals  # noqa: E402
from pipeline.crowd import missing  # noqa: E402
from pipeline.plan import Crowd  # noqa: E402

CROWD = Crowd(shards=2, records=10, size=1)


@pytest.mark.parametrize("arrived, lost", [
    ({"a": 10, "b": 10}, 0),
    ({"a": 10, "b": 4}, 6),
    ({"a": 16, "b": 4}, 6),  # what came again on one is none of the other's
    ({"a": 20}, 10),
    ({}, 20),
])
def test_missing(tmp_path, arrived, lost):
    file = tmp_path / "arrivals"
    file.write_text("".join(f"1 {shard} {count} 1\n" for shard, count in arrived.items()))
    assert missing(Arrivals(file).look(), CROWD) == lost
