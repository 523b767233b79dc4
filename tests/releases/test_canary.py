"""A rollout over the shards of a machine."""
import base64

import pytest

from conftest import ON_TRIAL_FOR_LONG, PATIENT, SANITIZED

TAKEN = "has taken the shard over"
UNDONE = "is undone"


def versions(deployment, texts):
    return {note["version"] for note in deployment.notes() if note["data"] in texts}


def test_a_bad_release_reaches_one_shard_and_costs_no_record(deployment):
    hosts = deployment.machine("actor_2.so", steps=[1, "100%"], **ON_TRIAL_FOR_LONG)
    deployment.rename("actor.so")
    hosts[0].wait_for(lambda: hosts[0].told(TAKEN))
    texts = []
    for batch in range(3):
        for number, host in enumerate(hosts):
            given = [f"{number}.{batch}.{i}" for i in range(200)]
            if batch != 0:
                given[17] = f"needs 2 {number}.{batch}"
                given[117] = f"needs 2 {number}.{batch} too"
            deployment.process(host, *given)
            texts += given
    assert sum(host.told(UNDONE) for host in hosts) == 1 and hosts[0].told(UNDONE) == 1
    assert [host.told(TAKEN) > 0 for host in hosts] == [True, False, False, False], "one shard ever saw it"
    assert hosts[0].told("release 2 fails; release 1 is given the same records") == 1, "in one batch"
    assert {note["attempt"] for note in deployment.notes()} == {1}, "nothing was retried"
    assert set(texts) <= {note["data"] for note in deployment.notes()} and not deployment.dead_letters()
    assert versions(deployment, [text for text in texts if "needs 2" in text or text[2:4] == "2."]) == {2}
    assert all(host.finish() == 0 for host in hosts)


def test_a_good_release_goes_from_shard_to_shard(deployment):
    hosts = deployment.machine("actor.so", shards=3, steps=[1, "100%"], bake={"time": "0s", "records": 5})
    deployment.rename("actor_2.so")
    hosts[0].wait_for(lambda: hosts[0].told(TAKEN))
    # No data is no success: the others wait for what the canary has processed.
    for host in hosts[1:]:
        deployment.process(host, *["more"] * 20)
        assert not host.told(TAKEN)
    hosts[0].wait_for(lambda: deployment.process(hosts[0], *["five"] * 5) or all(host.told(TAKEN) for host in hosts[1:]))
    for host in hosts:
        deployment.process(host, *["last"] * 5)
    hosts[0].wait_for(lambda: deployment.process(hosts[1], *["again"] * 5) or deployment.state()["current"] == 2)
    assert versions(deployment, ["last"]) == {2}
    assert all(host.finish() == 0 for host in hosts)


def test_a_slow_release_is_undone(deployment):
    deployment.config |= {"delay_us": 1000}
    host = deployment.start("actor.so", rollout=ON_TRIAL_FOR_LONG | {"undo_on": PATIENT | {"slower_than": "2x"}})
    deployment.process(host, *["before"] * 150)
    deployment.configure(delay_us=3000)
    host.wait_for(lambda: host.told(TAKEN))
    host.wait_for(lambda: deployment.process(host, *["after"] * 50) or host.told(UNDONE))
    [event] = [event for event in deployment.state()["history"] if event["what"] == "undone"]
    assert "times as long a record" in event["why"]
    assert host.finish() == 0


@pytest.mark.skipif(SANITIZED, reason="a sanitizer's own memory is large")
def test_a_release_that_leaks_is_undone(deployment):
    host = deployment.start("actor.so", rollout=ON_TRIAL_FOR_LONG | {"undo_on": PATIENT | {"more_memory_than": "2x"}})
    deployment.process(host, "before")
    deployment.configure(leak_kb=2000)
    host.wait_for(lambda: deployment.process(host, *["after"] * 10) or host.told(UNDONE))
    [event] = [event for event in deployment.state()["history"] if event["what"] == "undone"]
    assert "times the memory of the release before" in event["why"]
    assert not deployment.dead_letters()
    assert host.finish() == 0


def test_poison_is_set_aside_once_and_the_right_release_goes_on(deployment):
    hosts = deployment.machine("actor.so", steps=[1, "100%"], bake={"time": "0s", "records": 100})
    deployment.rename("actor_2.so")
    hosts[0].wait_for(lambda: hosts[0].told(TAKEN))
    texts = set()

    def all_process(*more):
        for host in hosts:
            some = [f"{deployment.number}.{i}" for i in range(30)]
            texts.update(some)
            deployment.process(host, *some, *more)
        return deployment.state()["current"] == 2

    for poison in ("fail once", "fail again"):
        all_process(poison)
    hosts[0].wait_for(all_process)
    assert not any(host.told(UNDONE) for host in hosts)
    letters = [base64.b64decode(letter["data"]).decode() for letter in deployment.dead_letters()]
    assert sorted(letters) == 4 * ["fail again"] + 4 * ["fail once"]
    assert texts <= {note["data"] for note in deployment.notes()}
    assert all(host.finish() == 0 for host in hosts)


def test_a_machine_that_goes_down_in_a_trial_comes_up_with_the_release_before(deployment):
    hosts = deployment.machine("actor.so", steps=[2, "100%"], **ON_TRIAL_FOR_LONG)
    deployment.rename("actor_2.so")
    for host in hosts[:2]:
        host.wait_for(lambda: host.told(TAKEN))
        deployment.process(host, "two")
    for host in hosts:
        host.process.kill()
    for host in hosts:
        host.process.wait()
        host.wait_until_alone()
    hosts = [deployment.start(shard=f"shard-{number}") for number in range(4)]
    for host in hosts:
        deployment.process(host, "three")
    assert versions(deployment, ["two"]) == {2} and versions(deployment, ["three"]) == {1}
    assert sum(host.told(UNDONE) for host in hosts) == 1 and not deployment.state().get("trial")
    assert all(host.finish() == 0 for host in hosts)
