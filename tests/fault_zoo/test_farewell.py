"""worker.orderly_exit: atexit handlers and static destructors run, and can do no harm."""
import pytest

from shard import record

BOTH = pytest.mark.parametrize("isolation", ["process", "none"])


@pytest.fixture
def live(start, tmp_path):
    """Leads a plugin from start to end; the shard, and the lines that it wrote at its end."""

    def lead(fault, isolation, worker, timeouts=None):
        file = tmp_path / "farewell"
        shard = start("farewell.so", {"file": str(file), "fault": fault}, isolation=isolation, worker=worker,
                      timeouts=timeouts or {})
        shard.initialize()
        shard.process_records(record(1, "a"))
        shard.request_shutdown()
        shard.lose_lease()
        assert shard.finish() == 0, shard.stderr()
        return shard, file.read_text().splitlines()

    return lead


@BOTH
def test_handlers_run_when_that_is_asked_for(live, isolation):
    shard, lines = live("none", isolation, {"orderly_exit": True})
    assert lines == ["destructor", "atexit", "static destructor"]
    assert not shard.errors(), shard.stderr()


@BOTH
def test_handlers_do_not_run_otherwise(live, isolation):
    shard, lines = live("none", isolation, {})
    assert lines == ["destructor"]
    assert not shard.errors(), shard.stderr()


@BOTH
def test_a_handler_that_hangs_is_ended(live, isolation):
    shard, lines = live("hang", isolation, {"orderly_exit": True}, {"shutdown": "1s"})
    assert lines == ["destructor", "atexit"]
    if isolation == "process":
        (line,) = shard.errors()
        assert "destroy: the worker was ended because destroy took longer than 1s" in line["message"]
        assert "at_exit()" in line["stack"]


@pytest.mark.parametrize("fault, named, printed", [
    ("crash", "SIGSEGV", ""), ("leak", "exit(23)", "==7==ERROR: LeakSanitizer: detected memory leaks")])
def test_what_a_handler_dies_of_is_told(live, fault, named, printed):
    shard, _ = live(fault, "process", {"orderly_exit": True})
    (line,) = shard.errors()
    assert f"destroy: the worker was" in line["message"] and named in line["message"]
    assert line.get("printed", "") == printed


def test_coverage_of_a_plugin_is_written(start, tmp_path, monkeypatch):
    monkeypatch.setenv("GCOV_PREFIX", str(tmp_path / "coverage"))
    for orderly in (False, True):
        shard = start("covered.so", worker={"orderly_exit": orderly})
        shard.initialize()
        shard.process_records(record(1, "a"))
        shard.lose_lease()
        assert shard.finish() == 0, shard.stderr()
        assert bool(list((tmp_path / "coverage").rglob("*.gcda"))) == orderly
