"""A short run of what tests/driver/run does at length."""
from conftest import SANITIZED
from play import play


def test_nothing_is_lost_in_any_life(seed):
    print()
    errors = play(*((16, 1000) if SANITIZED else (40, 4000)), seed)
    assert not errors, "\n".join(errors)
