"""What must hold for an application whatever happened to its daemons."""
from application import Application, position
from recordings import Instance

# Where everything that was put is still to come: AT_TIMESTAMP is only asked for from a time before all of it.
BEGINNINGS = ("TRIM_HORIZON", "AT_TIMESTAMP")


def check(application: Application):
    """All of it, once the application has finished."""
    sent = application.producer.sent
    for daemon in application.daemons:
        instances = daemon.instances()
        for instance in instances:
            check_content(instance, sent.get(instance.shard, {}))
            check_run(instance, sorted(sent.get(instance.shard, {})))
        check_starts(instances, daemon.leases_before)
    missing = application.sent() - application.delivered()
    assert not missing, f"{len(missing)} records were never delivered, the first of them {min(missing)}"
    check_families(application)
    assert not application.unfinished(), application.unfinished()


def check_content(instance: Instance, sent: dict):
    """Only what was put, byte for byte."""
    for delivered in instance.records:
        assert delivered.position in sent, f"{instance}: nobody put {delivered}"
        put = sent[delivered.position]
        assert delivered.record == put, f"{instance}: {delivered.position} is {delivered.record}, put as {put}"


def check_run(instance: Instance, sent: list):
    """In the shard's order, each record once, none left out, none at or before the checkpoint the processor started
    from, and from exactly there; after a worker's death the host goes on at the batch it died on, so maybe later."""
    got = [delivered.position for delivered in instance.records]
    if not got:
        return
    after = [place for place in sent if instance.start in BEGINNINGS or place > instance.start]
    skipped = after.index(got[0]) if instance.hand_over and got[0] in after else 0
    wanted = after[skipped:skipped + len(got)]
    assert got == wanted, f"{instance}: record {_difference(got, wanted)} is out of order"


def check_starts(instances: list, leases_before: dict):
    """A new daemon's processors begin where the lease table stood."""
    seen = set()
    for instance in instances:
        if instance.shard in leases_before and instance.shard not in seen and instance.start is not None:
            before = position(leases_before[instance.shard])
            assert instance.start == before, f"{instance}: the checkpoint was {before}"
        seen.add(instance.shard)


def check_families(application: Application):
    """The children's first record comes after their parents' last."""
    first, last = {}, {}
    for daemon in application.daemons:
        for instance in daemon.instances():
            times = [delivered.at for delivered in instance.records]
            if times:
                first[instance.shard] = min(times[0], first.get(instance.shard, times[0]))
                last[instance.shard] = max(times[-1], last.get(instance.shard, times[-1]))
    for shard, description in application.shards().items():
        for key in ("ParentShardId", "AdjacentParentShardId"):
            parent = description.get(key)
            if parent in last and shard in first:
                assert last[parent] < first[shard], f"{shard} began before {parent} was done"


def check_once(application: Application):
    """No record was delivered a second time."""
    seen = {}
    for daemon in application.daemons:
        for instance in daemon.instances():
            for delivered in instance.records:
                place = instance.shard, delivered.position
                assert place not in seen, f"{place} was delivered to {seen[place]} and {instance}"
                seen[place] = instance


def _difference(got: list, wanted: list):
    differences = (f"{index}, {one}, not {other}," for index, (one, other) in enumerate(zip(got, wanted)) if one != other)
    return next(differences, f"{len(wanted)}, {got[len(wanted)] if len(got) > len(wanted) else None}")
