import pytest

from shard import Shard


@pytest.fixture
def start(tmp_path):
    """start(plugin, config, **settings) starts a Shard, which ends with the test; in a directory of its own, or that."""
    shards = []

    def begin(plugin, config=None, directory=None, **settings):
        directory = directory or tmp_path / str(len(shards))
        directory.mkdir(exist_ok=True)
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
