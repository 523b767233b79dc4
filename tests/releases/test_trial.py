"""What a release on trial does wrong costs no record anything, and what records do wrong costs no release its trial."""
import json
import os
import signal

import pytest

from conftest import AT_ONCE, ON_TRIAL_FOR_LONG, PATIENT, PATIENT_SWAP

GIVEN_UP = "is given up until its content changes"


def on_trial(deployment, first, candidate):
    host = deployment.start(first, rollout=ON_TRIAL_FOR_LONG)
    deployment.process(host, "one")
    deployment.rename(candidate)
    host.wait_for(lambda: host.told("has taken the shard over"))
    return host


def test_a_record_that_only_the_new_one_fails_at_undoes_it(deployment):
    host = on_trial(deployment, "actor_2.so", "actor.so")
    deployment.process(host, "two", "needs 2", "three")
    deployment.process(host, "four")
    notes = deployment.notes()
    assert {note["data"] for note in notes} == {"one", "two", "needs 2", "three", "four"}
    assert {note["version"] for note in notes if note["data"] in ("needs 2", "three", "four")} == {2}
    assert all(note["attempt"] == 1 for note in notes), "nothing was retried"
    assert host.told("is undone") == 1 and not deployment.dead_letters()
    # It is not tried again until its content changes.
    deployment.rename("actor.so")
    deployment.process(host, "five")
    assert deployment.notes()[-1]["version"] == 2 and host.told("is on trial") == 1
    assert host.finish() == 0


def test_one_to_go_back_to_is_there_before_the_new_one_takes_over(deployment):
    on_trial(deployment, "actor_2.so", "actor.so")
    assert [note["version"] for note in deployment.notes("create")] == [2, 1, 2]


def on_trial_again(deployment, host, version):
    """Processes until an instance of that version does so."""
    host.wait_for(lambda: deployment.process(host, f"more {deployment.number}") or deployment.notes()[-1]["version"] == version)
    return deployment.notes()[-1]


def test_a_death_with_nothing_in_hand_counts_as_a_crash_alone(deployment):
    deployment.settings["rollout"] = ON_TRIAL_FOR_LONG | {"undo_on": PATIENT | {"crashes": 2}}
    host = deployment.start("actor.so")
    deployment.rename("actor_2.so")
    for crashes in (1, 2):
        os.kill(on_trial_again(deployment, host, 2)["pid"], signal.SIGKILL)
        host.wait_for(lambda: host.told("between calls") == crashes)
        deployment.process(host, f"behind {crashes}")
        assert host.told("is undone") == crashes - 1
    assert deployment.notes()[-1]["version"] == 1
    assert "no records in hand" in deployment.state()["history"][-1]["why"]
    assert not deployment.dead_letters() and host.finish() == 0


def test_failures_of_the_new_one_only_are_counted(deployment):
    deployment.settings["rollout"] = ON_TRIAL_FOR_LONG | {"undo_on": PATIENT | {"failures_of_new_only": 2}}
    host = deployment.start("actor_2.so")
    deployment.rename("actor.so")
    for failures in (1, 2):
        on_trial_again(deployment, host, 1)
        deployment.process(host, f"needs 2 {failures}")
        assert deployment.notes()[-1]["version"] == 2 and host.told("is undone") == failures - 1
    assert not deployment.dead_letters() and host.finish() == 0


@pytest.mark.parametrize("poison", ["fail", "die"])
def test_a_record_that_both_fail_at_is_set_aside_once_and_the_trial_goes_on(deployment, poison):
    host = on_trial(deployment, "actor.so", "actor_2.so")
    deployment.process(host, "two", poison, "three")
    # Release 1 works off what both fail at, and then release 2 goes on.
    host.wait_for(lambda: deployment.process(host, f"more {deployment.number}") or deployment.notes()[-1]["version"] == 2)
    assert len(deployment.dead_letters()) == 1
    assert not host.told("is undone")
    assert deployment.state()["trial"]
    assert host.finish() == 0


FAULTS = [("segv", "constructor"), ("throw", "constructor"), ("exit", "constructor"), ("segv", "initialize"), ("throw", "initialize")]


@pytest.mark.parametrize("fault, place", FAULTS)
def test_one_that_does_not_come_up_leaves_the_old_one(deployment, fault, place):
    host = deployment.start("actor.so", rollout=AT_ONCE)
    deployment.process(host, "one")
    deployment.configure("misbehave.so", fault=fault, **{"in": place})
    host.wait_for(lambda: host.told(GIVEN_UP))
    deployment.process(host, "two")
    deployment.process(host, "three")
    assert [note["data"] for note in deployment.notes()] == ["one", "two", "three"]
    assert host.told(GIVEN_UP) == 1
    assert host.finish() == 0


def test_an_initialize_that_hangs_is_not_waited_for(deployment):
    host = deployment.start("actor.so", rollout=AT_ONCE, timeouts={"initialize": "1h", "swap": "100ms"})
    deployment.process(host, "one")
    deployment.configure("misbehave.so", fault="hang", **{"in": "initialize"})
    host.wait_for(lambda: host.told("is on trial"))
    deployment.process(host, "two")
    host.wait_for(lambda: host.told(GIVEN_UP))
    deployment.process(host, "three")
    assert [note["data"] for note in deployment.notes()] == ["one", "two", "three"]
    assert host.finish() == 0


@pytest.mark.parametrize("fault", ["hang", "hang_unkillable"])
def test_one_that_hangs_with_a_record_holds_it_for_its_limit_alone(deployment, fault):
    # A tenth of it is what the release before has for the same records.
    limits = {"bake": {"time": "1h"}, "undo_on": {"call_longer_than": "3s"}}
    host = deployment.start("actor.so", rollout=limits, timeouts=PATIENT_SWAP | {"process_records": "1h"})
    deployment.process(host, "one")
    deployment.configure("misbehave.so", fault=fault, **{"in": "process_records"})
    host.wait_for(lambda: host.told("has taken the shard over"))
    # That is long past the limit, and no other is.
    deployment.process(host, "two", "poison", "three")
    assert [(note["data"], note["attempt"]) for note in deployment.notes()] == [(text, 1) for text in ("one", "two", "poison", "three")]
    assert host.told("is undone") == 1 and not deployment.dead_letters()
    assert "rollout.undo_on.call_longer_than" in deployment.state()["history"][-1]["why"]
    assert host.finish() == 0


def test_a_limit_that_is_configured_meanwhile_is_the_next_calls(deployment):
    host = deployment.start("actor.so", rollout={"bake": {"time": "1h"}},
                            timeouts=PATIENT_SWAP | {"process_records": "1h"})
    deployment.process(host, "one")
    deployment.settings["rollout"] = {"bake": {"time": "1h"}, "undo_on": {"call_longer_than": "3s"}}
    deployment.configure("misbehave.so", fault="hang", **{"in": "process_records"})
    host.wait_for(lambda: host.told("has taken the shard over"))
    deployment.process(host, "poison")
    assert "longer than 3s" in deployment.state()["history"][-1]["why"]
    assert host.finish() == 0


def test_a_create_that_hangs_stops_nothing(deployment):
    host = deployment.start("actor.so", rollout=AT_ONCE, timeouts={"initialize": "1h"})
    deployment.configure("misbehave.so", fault="hang", **{"in": "constructor"})
    host.wait_for(lambda: host.told("is on trial"))
    for text in ("one", "two", "three"):
        deployment.process(host, text)
    assert [note["data"] for note in deployment.notes()] == ["one", "two", "three"]
    host.request_shutdown()
    assert host.finish() == 0


def test_a_host_that_is_killed_in_a_trial_comes_up_with_the_release_before(deployment):
    host = on_trial(deployment, "actor.so", "actor_2.so")
    deployment.process(host, "two")
    host.process.kill()
    host.process.wait()
    host.wait_until_alone()
    host = deployment.start()
    deployment.process(host, "three")
    assert [note["version"] for note in deployment.notes()] == [1, 2, 1]
    assert host.told("is undone") == 1
    assert host.finish() == 0


def test_each_line_names_the_release(deployment):
    host = on_trial(deployment, "actor.so", "actor_2.so")
    assert host.finish() == 0
    lines = [json.dumps(line) for line in host.log() if "release" in line and line["release"] == "2"]
    assert lines and all('"sha256"' in line for line in lines)
