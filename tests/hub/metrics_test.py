"""What /metrics says, and what the test did."""
import os
import re
import signal
from pathlib import Path

import pytest
from services import wait_for

DOCS = Path(__file__).resolve().parents[2] / "docs" / "metrics.md"
PATIENT = {"call_longer_than": "1h"}
AT_ONCE = {"bake": {"time": "0s", "records": 1}, "undo_on": PATIENT}
OUTCOMES = ("processed", "skipped", "dead_letter", "set_aside_before")


def finished(launch):
    return {outcome: launch.value("kclhost_finished_records_total", outcome=outcome) for outcome in OUTCOMES}


def test_counts_what_became_of_the_records(launch):
    here = launch()
    shard = here.shard()
    shard.process("a", "bb", "fail", "c", behind=1500)
    shard.process("d")
    here.until(1, "kclhost_finished_records_total", outcome="dead_letter")
    here.until(4, "kclhost_finished_records_total", outcome="processed")
    assert here.value("kclhost_received_records_total") == 5
    assert here.value("kclhost_received_bytes_total") == len("abbfailcd") + 5 * len("key")
    assert here.value("kclhost_finished_bytes_total", outcome="dead_letter") == len("fail") + len("key")
    assert here.value("kclhost_in_flight_records") == 0
    assert here.value("kclhost_behind_latest_seconds") == 0
    assert here.value("kclhost_failures_total") >= 2 and here.value("kclhost_retries_total") >= 1
    calls = here.families()["kclhost_process_seconds"].samples
    (count,) = [one.value for one in calls if one.name == "kclhost_process_seconds_count"]
    assert count >= 4 and count == max(one.value for one in calls if one.name.endswith("_bucket"))
    assert here.value("kclhost_checkpoints_total", result="recorded") == len(shard.checkpoints)
    assert here.value("kclhost_memory_bytes", process="host") > 1 << 20
    assert here.value("kclhost_memory_bytes", process="workers") > 1 << 20
    assert here.value("kclhost_shards") == 1 and here.value("kclhost_daemon_up") == 1


def test_what_a_lost_lease_leaves_to_others_is_not_counted_as_processed(launch):
    here = launch(checkpoint={"interval": "0s"})
    shard = here.shard()
    shard.error = "ShutdownException"
    shard.process("a", "b")
    here.until(1, "kclhost_checkpoints_total", result="failed")
    shard.process("c", "d", "e")
    here.until(5, "kclhost_received_records_total")
    here.until(2, "kclhost_finished_records_total", outcome="processed")
    shard.lose()
    assert here.value("kclhost_finished_records_total") == 2


def test_what_is_skipped_is_counted_apart(launch):
    here = launch(on_error={"retry": {"max_attempts": 1}, "then": "skip"})
    here.shard().process("a", "fail", "b")
    here.until(1, "kclhost_finished_records_total", outcome="skipped")
    assert finished(here) == {"processed": 2, "skipped": 1, "dead_letter": 0, "set_aside_before": 0}


def test_counters_survive_workers_hosts_and_the_way_back_of_a_lease(launch):
    here = launch()
    shard, records = here.shard(), 0
    for i in range(20):
        if i % 10 == 5:  # between two batches
            os.kill(shard.worker(), signal.SIGKILL)
            here.until(i // 10 + 1, "kclhost_worker_restarts_total", cause="signal")
        shard.process(*[f"{i} {k}" for k in range(10)])
        records += 10
        if i % 4 == 3:  # the lease goes, and comes back
            shard.lose()
            here.until(records, "kclhost_finished_records_total", outcome="processed")
            wait_for(lambda: here.value("kclhost_shards") == 0, "no shard")
            shard = here.shard()
    here.until(records, "kclhost_received_records_total")
    here.until(records, "kclhost_finished_records_total", outcome="processed")
    assert here.value("kclhost_worker_restarts_total") == 2
    assert here.value("kclhost_process_seconds_count") == 20


def test_releases_that_go_well_are_no_failed_starts(launch):
    here = launch(rollout=AT_ONCE)
    shard = here.shard()
    for release in range(2, 5):
        here.settings["plugin"]["config"]["notes"] += "x"
        here.write()
        here.until(1, "kclhost_plugin_info", release=str(release))
        shard.process("a")
        here.until(release - 1, "kclhost_finished_records_total", outcome="processed")
        wait_for(lambda: here.state()["current"] == release and "trial" not in here.state(), "the trial's end")
    assert here.value("kclhost_worker_restarts_total", cause="replaced") >= 3
    assert here.value("kclhost_worker_restarts_total") == here.value("kclhost_worker_restarts_total", cause="replaced")


def test_counters_go_on_through_twenty_swaps_and_twenty_crashes(launch):
    here = launch("meter.so", {"release": 1}, rollout=AT_ONCE)
    shard, calls = here.shard(), 0

    def process():
        nonlocal calls
        shard.process("counter words 1", "counter words 2")
        calls += 1

    def runs(release):
        state = here.state()
        return state["current"] == release and "trial" not in state

    process()
    for release in range(2, 22):
        here.settings["plugin"]["config"] = {"release": release}
        here.write()
        wait_for(lambda: process() or runs(release), f"release {release}")
        wait_for(lambda: len(shard.workers()) == 1, "the end of the release before")
        worker = shard.worker()
        os.kill(worker, signal.SIGKILL)
        wait_for(lambda: shard.workers() not in ([], [worker]), "another worker")
        process()
    here.until(20, "kclhost_swaps_total", result="taken")
    assert here.value("kclhost_swaps_total") == 20, "none was refused or undone"
    here.until(20, "kclhost_worker_restarts_total", cause="signal")
    here.until(2 * calls, "kclhost_finished_records_total", outcome="processed")
    assert here.value("kclhost_received_records_total") == here.value("kclhost_finished_records_total") == 2 * calls
    assert here.value("kclhost_process_seconds_count") == calls
    here.until(3 * calls, "words_total")


def test_what_is_refused_or_undone_is_counted_once(launch):
    here = launch(rollout={"bake": {"time": "1h"}, "undo_on": PATIENT})
    shard = here.shard()
    shard.process("a")
    here.settings["plugin"]["path"] = "no_entry.so"
    here.write()
    here.until(1, "kclhost_swaps_total", result="refused")
    here.settings["plugin"] = {"path": "actor.so", "config": here.settings["plugin"]["config"] | {"other": 1}}
    here.write()
    wait_for(lambda: shard.process("b") or here.state()["history"][-1]["what"] == "took", "the trial")
    # Beside the worker on trial one stands by, and the one before may not be gone yet.
    shard.process("whose")
    on_trial, = (note["pid"] for note in here.notes() if note["event"] == "accepted" and note["data"] == "whose")
    os.kill(on_trial, signal.SIGKILL)
    wait_for(lambda: shard.process("c") or here.state()["history"][-1]["what"] == "undone", "the trial's end")
    here.until(1, "kclhost_swaps_total", result="undone")
    here.until(2, "kclhost_swaps_total", result="taken")
    assert here.value("kclhost_swaps_total", result="refused") == 1


def test_a_worker_on_trial_that_dies_before_it_sees_its_batch_is_undone(launch):
    here = launch(rollout={"bake": {"time": "1h"}, "undo_on": PATIENT})
    shard = here.shard()
    shard.process("a")
    here.settings["plugin"]["config"]["other"] = 1
    here.write()
    wait_for(lambda: shard.process("b") or here.state()["history"][-1]["what"] == "took", "the trial")
    shard.process("whose")
    on_trial, = (note["pid"] for note in here.notes() if note["event"] == "accepted" and note["data"] == "whose")
    wait_for(lambda: [(one["release"], one["on_trial"]) for one in here.status()["shards"]] == [("2", True)], "the trial in status")
    os.kill(on_trial, signal.SIGSTOP)
    shard.send(shard.batch("c"))
    here.until(1, "kclhost_in_flight_records")
    os.kill(on_trial, signal.SIGKILL)
    shard.wait()
    here.until(1, "kclhost_swaps_total", result="undone")
    assert "no records in hand" in here.state()["history"][-1]["why"]
    wait_for(lambda: [(one["release"], one["on_trial"]) for one in here.status()["shards"]] == [("1", False)], "the release before")


def test_a_record_that_kills_is_counted(launch):
    here = launch()
    here.shard().process("a", "die", "b")
    here.until(1, "kclhost_finished_records_total", outcome="dead_letter")
    assert finished(here)["processed"] == 2
    deaths = here.value("kclhost_worker_restarts_total", cause="signal")
    assert deaths >= 2 and here.value("kclhost_failures_total") == deaths


def test_what_is_in_hand_is_in_flight(launch, tmp_path):
    here = launch()
    shard = here.shard()
    shard.send(shard.batch("a", f"wait {tmp_path}/go"))
    here.until(2, "kclhost_in_flight_records")
    assert here.value("kclhost_finished_records_total") == 0
    (tmp_path / "go").touch()
    shard.wait()
    here.until(0, "kclhost_in_flight_records")
    here.until(2, "kclhost_finished_records_total", outcome="processed")


def test_records_that_go_with_the_lease_are_no_ones(launch, tmp_path):
    here = launch("holder.so")
    shard = here.shard()
    shard.process("a", "b")
    here.until(2, "kclhost_in_flight_records")
    shard.lose()
    here.until(2, "kclhost_received_records_total")
    assert here.value("kclhost_finished_records_total") == 0


def test_two_shards_are_two_series(launch):
    here = launch()
    here.shard("shardId-000000000000").process("a")
    here.shard("shardId-000000000001").process("b", "c")
    here.until(1, "kclhost_finished_records_total", shard="shardId-000000000000", stream="words", outcome="processed")
    here.until(2, "kclhost_finished_records_total", shard="shardId-000000000001", outcome="processed")
    assert here.value("kclhost_shards") == 2


MEASURED = ("counter words 1 2 0.5", "gauge depth 7 3", "histogram latency 2.5 0.5", "counter words{language=en,shard=x} 4")


def test_the_plugins_own_are_there_and_go_on(launch):
    here = launch("meter.so")
    shard = here.shard()
    shard.process(*MEASURED)
    here.until(7.5, "words_total")
    os.kill(shard.worker(), signal.SIGKILL)
    here.until(1, "kclhost_worker_restarts_total", cause="signal")
    shard.process(*MEASURED)
    here.until(8, "words_total", language="en", plugin_shard="x")
    assert here.value("depth", shard=shard.shard) == 3
    assert here.value("latency_count") == 4 and here.value("latency_sum") == 6
    assert here.value("latency_bucket", le="1") == 2


def test_a_plugin_can_not_speak_for_kclhost(launch):
    here = launch("meter.so")
    here.shard().process("counter kclhost_received_records 1000", "counter good 1")
    here.until(1, "good_total")
    assert here.value("kclhost_received_records_total") == 2


def test_both_formats_say_the_same(launch):
    here = launch("meter.so")
    here.shard().process(*MEASURED)
    here.until(1, "kclhost_checkpoints_total", result="recorded")
    wait_for(lambda: "words" in here.families(), "the plugin's own")
    new, old = here.families(), here.old_families()
    same = {name for name, family in new.items() if family.type != "gauge"}
    assert {name: {(one.name, tuple(sorted(one.labels.items()))) for one in new[name].samples} for name in same} == \
           {name: {(one.name, tuple(sorted(one.labels.items()))) for one in old[name].samples} for name in same}
    assert {family.type for family in old.values()} == {"counter", "gauge", "histogram"}
    assert all(family.documentation for name, family in new.items() if name.startswith("kclhost_"))


def test_a_shadow_is_counted_apart(launch, tmp_path):
    here = launch(shadow={"path": "actor_shadow.so", "config": {"notes": str(tmp_path / "shadow")}})
    shard = here.shard()

    def differs():
        shard.process("a")
        shard.process("needs 2")
        return here.value("kclhost_shadow_differences_total", failed="plugin") >= 1

    wait_for(differs, "what the plugin alone fails at")
    assert here.value("kclhost_shadow_differences_total", failed="shadow") == 0
    assert here.value("kclhost_shadow_records_total") >= here.value("kclhost_shadow_batches_total", outcome="accepted") >= 1
    assert here.value("kclhost_shadow_process_seconds_count") >= 1
    assert here.value("kclhost_memory_bytes", process="shadow") > 1 << 20


def in_docs():
    table = DOCS.read_text(encoding="utf-8").split("\n## Series\n")[1].split("\n## ")[0]
    return set(re.findall(r"^\| `(kclhost_\w+)", table, re.MULTILINE))


def test_the_page_and_its_documentation_have_the_same_series(launch, tmp_path):
    here = launch(shadow={"path": "actor_shadow.so", "config": {"notes": str(tmp_path / "shadow")}})
    here.shard().process("a")
    here.until(1, "kclhost_checkpoints_total", result="recorded")
    shown = {re.sub(r"_(bucket|sum|count)$", "", one.name) for family in here.families().values() for one in family.samples}
    assert shown | {"kclhost_stream_restarts_total"} == in_docs()  # of several streams: streams_test.py


@pytest.mark.parametrize("path, status", [("/metrics", 200), ("/nothing", 404), ("/metrics/", 404), ("/..%2f..%2fetc/passwd", 404)])
def test_nothing_else_is_served(launch, path, status):
    assert launch().get(path)[0] == status


def test_a_taken_port_is_one_line(launch):
    here = launch()
    other = launch(begin=False, metrics={"listen": here.address})
    assert other.process.wait() == 1
    said = other.process.output()
    assert said.count("\n") == 1 and f"metrics.listen: cannot listen at {here.address}: Address already in use" in said
