import pytest

from desk import Desk


@pytest.fixture
def desk(tmp_path):
    made = Desk(tmp_path)
    yield made
    for shard in made.shards:
        shard.__exit__()
