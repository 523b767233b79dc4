"""A plugin that checkpoints for itself, after every record, on a stream of KPL aggregates."""
import signal

import promises
from application import Application, position
from records import Position
from scenario import scenario


@scenario
def test_sub_sequence_numbers_through_a_restart(stage):
    # Two aggregates a batch. A daemon that comes back under the name it had need not wait for its leases to expire.
    application = Application(stage, shards=2, plugin="recorder_checkpointing",
                              plugin_config={"checkpoint": "record", "delay_us": 2000},
                              properties={"maxRecords": 2, "workerIdentifier": "the-same"})
    application.put(application.producer.aggregate(50) for _ in range(20))
    daemon = application.start()
    application.until(lambda: len(application.leases()) == 2 and all(inside(application, lease) for lease in
                                                                     application.leases().values()),
                      "checkpoints inside aggregates")
    daemon.send(signal.SIGKILL)
    daemon.wait()
    stage.until(lambda: not daemon.family(), "hosts and workers gone")
    # As abrupt as can be, and still inside.
    leases = application.leases()
    assert any(inside(application, lease) for lease in leases.values()), leases
    for instance in daemon.instances():
        check_checkpoints(instance, position(leases[instance.shard]))

    second = application.start()
    application.until(lambda: sum(len(instance.records) for instance in second.instances()) > 100, "going on")
    second.send(signal.SIGTERM)
    assert second.wait() == 128 + signal.SIGTERM
    application.start()
    application.until_finished()
    promises.check(application)


def inside(application: Application, lease: dict) -> bool:
    """The checkpoint has records of the same aggregate behind it."""
    at = position(lease)
    return (isinstance(at, Position) and at.sub > 0
            and Position(at.sequence, at.sub + 1) in application.producer.sent[lease["leaseKey"]])


def check_checkpoints(instance, last: Position):
    """The table's last is the last the plugin was told succeeded, or the one the daemon died on."""
    told = [(Position(int(event["sequence_number"]), event["sub_sequence_number"]), event["code"])
            for event in instance.events if event["event"] == "checkpoint"]
    assert [place for place, _ in told] == [delivered.position for delivered in instance.records[:len(told)]]
    done = sum(code == 0 for _, code in told)
    assert done > 0 and all(code == 0 for _, code in told[:done]), f"{instance}: {told}"
    assert last in [place for place, _ in told[done - 1:done + 1]], f"{instance}: {last} in the table, {told[done - 1]}"
