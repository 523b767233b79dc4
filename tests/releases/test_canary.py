"""A rollout over the shards of a machine."""
from conftest import ON_TRIAL_FOR_LONG

TAKEN = "has taken the shard over"
UNDONE = "is undone"


def machine(deployment, plugin, shards=4, **rollout):
    """That many hosts, on which release 1 has processed a batch each."""
    hosts = [deployment.start(plugin if number == 0 else None, shard=f"shard-{number}", rollout=rollout)
             for number in range(shards)]
    for host in hosts:
        deployment.process(host, "one")
    return hosts


def versions(deployment, texts):
    return {note["version"] for note in deployment.notes() if note["data"] in texts}


def test_a_bad_release_reaches_one_shard_and_costs_no_record(deployment):
    hosts = machine(deployment, "actor_2.so", steps=[1, "100%"], **ON_TRIAL_FOR_LONG)
    deployment.rename("actor.so")
    hosts[0].wait_for(lambda: hosts[0].told(TAKEN))
    texts = []
    for batch in range(3):
        for number, host in enumerate(hosts):
            given = [f"{number}.{batch}.{i}" for i in range(50)]
            if batch == 1:
                given[17] = f"needs 2 {number}"
            deployment.process(host, *given)
            texts += given
    assert sum(host.told(UNDONE) for host in hosts) == 1 and hosts[0].told(UNDONE) == 1
    assert [host.told(TAKEN) > 0 for host in hosts] == [True, False, False, False], "one shard ever saw it"
    notes = [note["data"] for note in deployment.notes()]
    assert set(texts) <= set(notes) and not deployment.dead_letters()
    assert versions(deployment, [text for text in texts if text[2:4] in ("2.",)]) == {2}
    assert all(host.finish() == 0 for host in hosts)


def test_a_good_release_goes_from_shard_to_shard(deployment):
    hosts = machine(deployment, "actor.so", shards=3, steps=[1, "100%"], bake={"time": "0s", "records": 5})
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
    deployment.config |= {"delay_us": 300}
    host = deployment.start("actor.so", rollout=ON_TRIAL_FOR_LONG | {"undo_on": {"slower_than": "2x"}})
    deployment.process(host, *["before"] * 150)
    deployment.configure(delay_us=3000)
    host.wait_for(lambda: host.told(TAKEN))
    host.wait_for(lambda: deployment.process(host, *["after"] * 50) or host.told(UNDONE))
    [event] = [event for event in deployment.state()["history"] if event["what"] == "undone"]
    assert "times as long a record" in event["why"]
    assert host.finish() == 0
