"""on_error, crashes and what survives them, on the whole program; replay plays the daemon."""
import json
import math
import os
import time

import pytest

from conftest import PLUGINS, SHARD

SANITIZED = os.environ.get("KCLHOST_SANITIZE", "")


def words(n, **poison):
    """n payloads; poison: index=text."""
    texts = [f"record {i}" for i in range(n)]
    for index, text in poison.items():
        texts[int(index[1:])] = text
    return texts


def sequences(world):
    return [line["sequence_number"] for line in world.delivered()]


def wait_for(condition, process):
    while not condition():
        assert process.poll() is None, f"ended with {process.returncode}"
        time.sleep(0.01)


def is_in_process_records(stack):
    """The plugin's own function may have become a part of its caller, the SDK's."""
    return "Recorder" in stack and "process_records" in stack


def test_one_bad_record_among_many_costs_few_deliveries(world):
    world.write_input(words(10_000, _6789="poison:throw"))
    run = world.replay(world.configure({"then": "skip"}))
    assert run.code == 0, run.err
    failed = run.lines("process_records failed")
    assert len(failed) <= 2 * math.log2(10_000) + 3
    assert len(set(sequences(world))) == 9_999
    (skipped,) = run.lines("record skipped by on_error")
    assert skipped["error"] == "poison:throw (std::runtime_error)"
    assert int(skipped["attempts"]) == len([f for f in failed if f["last"].split("/")[0] >= skipped["record"].split("/")[0]])


def test_without_bisection_the_batch_shares_one_fate(world):
    world.write_input(words(20, _7="poison:throw"))
    run = world.replay(world.configure({"then": "skip", "bisect": False}))
    assert run.code == 0, run.err
    assert len(run.lines("process_records failed")) == 3
    assert [line["total"] for line in run.lines("record skipped by on_error")] == [str(n) for n in range(1, 21)]


@pytest.mark.parametrize("poison, cause", [("segv", "SIGSEGV"), ("exit", "exit(3)")])
def test_a_crash_is_contained_and_its_record_found(world, poison, cause):
    world.write_input(words(64, _40=f"poison:{poison}"))
    run = world.replay(world.configure({"then": "skip"}))
    assert run.code == 0, run.err
    (skipped,) = run.lines("record skipped by on_error")
    assert cause in skipped["error"]
    assert len(set(sequences(world))) == 63
    reports = sorted((world.state / "crashes").iterdir())
    report = json.loads(reports[-1].read_text())
    assert cause in report["cause"] and report["shard"] == SHARD and report["plugin"] == "zoo.recorder"
    assert [r["sequence_number"] for r in report["records"]] == [skipped["record"].split("/")[0]]
    assert "data" not in report["records"][0]
    if poison == "segv":
        assert any(is_in_process_records(frame) for frame in report["stack"]), report["stack"]


def test_a_hang_is_ended_with_its_stack(world):
    world.write_input(words(2, _1="poison:hang"))
    config = world.configure({"then": "skip", "retry": {"max_attempts": 1, "initial_backoff": "1ms", "max_backoff": "1ms"}},
                             timeouts={"process_records": "2s"})
    run = world.replay(config)
    assert run.code == 0, run.err
    (skipped,) = run.lines("record skipped by on_error")
    assert "took longer than 2s" in skipped["error"]
    assert any(is_in_process_records(line.get("stack", "")) for line in run.log)


def test_crash_reports_hold_payloads_only_when_asked(world):
    world.write_input(words(1, _0="poison:segv"))
    run = world.replay(world.configure({"then": "skip"}, worker={"crash_payloads": True}))
    assert run.code == 0, run.err
    report = json.loads(sorted((world.state / "crashes").iterdir())[-1].read_text())
    assert report["records"][0]["data"] == "cG9pc29uOnNlZ3Y="


def test_stop_acknowledges_nothing_and_keeps_what_is_finished(world):
    world.write_input(words(100, _60="poison:throw"))
    run = world.replay(world.configure({"then": "stop"}, checkpoint={"interval": "1h"}))
    assert run.code == 1
    assert run.lines("stopped by on_error")
    delivered = sequences(world)
    checkpoint = world.checkpointed()["sequenceNumber"]
    assert checkpoint == sorted(set(delivered))[-1]  # the record before the poison, which was never written down
    assert len(set(delivered)) == 60


def test_block_waits_and_goes_on_with_a_new_plugin_file(world):
    world.write_input(words(100, _60="poison:throw"))
    process = world.start(world.configure({"then": "block"}, checkpoint={"interval": "1h"}))
    wait_for(lambda: any("the shard waits" in line["message"] for line in world.log()), process)
    wait_for(lambda: world.checkpointed() is not None, process)
    assert world.checkpointed()["sequenceNumber"] == sorted(set(sequences(world)))[-1]
    world.install(PLUGINS / "noop.so")
    assert process.wait() == 0
    messages = [line["message"] for line in world.log()]
    assert any("the shard goes on" in message for message in messages)
    assert world.log()[-1]["plugin"] == "kclhost.noop"


def test_a_bad_new_plugin_file_is_refused_once_and_the_old_one_goes_on(world):
    world.write_input(words(10, _6="poison:throw"))
    process = world.start(world.configure({"then": "block"}))
    wait_for(lambda: any("the shard waits" in line["message"] for line in world.log()), process)
    (world.plugins / "text").write_text("no plugin")
    os.chmod(world.plugins / "text", 0o755)
    os.rename(world.plugins / "text", world.plugins / "plugin.so")
    refused = "no ELF"
    wait_for(lambda: any(refused in line["message"] for line in world.log()), process)
    seen = len(world.log())
    wait_for(lambda: len(world.log()) > seen + 5, process)
    assert len([line for line in world.log() if refused in line["message"]]) == 1
    world.install(PLUGINS / "noop.so")
    assert process.wait() == 0


def test_partial_success_is_not_repeated(world):
    world.write_input(words(50, _20="poison:partial"))
    run = world.replay(world.configure({"then": "skip"}))
    assert run.code == 0, run.err
    delivered = sequences(world)
    assert len(delivered) == len(set(delivered)) == 49


def test_poison_that_takes_the_host_down_is_found_across_restarts(world):
    """isolation none: each crash kills the host, as it would kill the daemon; whoever supervises that starts it again."""
    world.write_input(words(100, _33="poison:segv"))
    config = world.configure({"then": "skip"}, isolation="none")
    for restarts in range(40):
        run = world.replay(config)
        if run.code == 0:
            break
    assert run.code == 0, run.err
    assert len(run.lines("record skipped by on_error")) == 1
    assert len(set(sequences(world))) == 99
    # Three tries of the batch, one for each halving, three of the record.
    assert 3 <= restarts <= 3 + math.ceil(math.log2(100)) + 3


def test_an_unusable_state_dir_stops_with_one_line(world):
    world.write_input(words(3))
    world.state.write_text("a file")
    run = world.replay(world.configure({"then": "skip"}))
    assert run.code == 3
    assert "state_dir must be writable" in run.err
    assert world.checkpointed() is None and not world.delivered()


def test_old_records_are_not_tried(world):
    now = int(time.time() * 1000)
    world.inputs.write_text("".join(
        json.dumps({"text": f"record {i}", "partitionKey": "k", "approximateArrivalTimestamp": now - (7_200_000 if i < 4 else 0)})
        + "\n" for i in range(10)))
    run = world.replay(world.configure({"then": "skip", "max_record_age": "1h"}))
    assert run.code == 0, run.err
    assert len(run.lines("record skipped by on_error")) == 4
    assert len(world.delivered()) == 6


def test_lanes_keep_the_order_of_each_partition_key(world):
    world.write_input(words(2_000, _700="poison:throw", _1500="poison:segv"), keys=37)
    run = world.replay(world.configure({"then": "skip"}, concurrency=4), 500)
    assert run.code == 0, run.err
    first_seen = {}
    for line in world.delivered():
        first_seen.setdefault(line["sequence_number"], line)
    assert len(first_seen) == 1_998
    assert len({line["pid"] for line in first_seen.values()}) >= 4
    by_key = {}
    for line in first_seen.values():  # in the order of first delivery
        by_key.setdefault(line["partition_key"], []).append(line["sequence_number"])
    assert all(numbers == sorted(numbers) for numbers in by_key.values())


def test_a_plugin_that_checkpoints_for_itself_cannot_have_lanes(world):
    from conftest import ZOO
    world.install(ZOO / "recorder_checkpointing.so")
    world.write_input(words(3))
    run = world.replay(world.configure({"then": "skip"}, concurrency=4))
    assert run.code == 2
    assert "set concurrency: 1" in run.err


@pytest.mark.skipif(SANITIZED != "", reason="sanitizers need more address space than any limit")
def test_a_worker_that_outgrows_its_memory_is_replaced(world):
    world.write_input(words(40, _17="poison:memory"))
    run = world.replay(world.configure({"then": "skip"}, worker={"max_memory": "100MiB"}), 10)
    assert run.code == 0, run.err
    assert len(run.lines("record skipped by on_error")) == 1
    assert len(set(sequences(world))) == 39
