import pytest

from shard import Shard


@pytest.fixture
def start(tmp_path):
    """start(plugin, config, **settings) starts a Shard, which ends with the test."""
    shards = []

    def begin(plugin, config=None, **settings):
        directory = tmp_path / str(len(shards))
        directory.mkdir()
        shards.append(Shard(directory, plugin, config, **settings))
        return shards[-1]

    yield begin
    for shard in shards:
        shard.__exit__()


@pytest.fixture
def misbehave(start):
    """misbehave(fault, place, **settings) starts the plugin of that fault."""

    def begin(fault, place, **settings):
        return start("misbehave.so", {"fault": fault, "in": place}, **settings)

    return begin
