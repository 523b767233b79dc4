"""Two daemons of one application."""
import signal

import promises
from application import Application, Daemon
from scenario import scenario

# The leader looks at the load of the workers often, and acts on any difference.
PROPERTIES = {"workerMetricsReporterFreqInMillis": 1000, "inMemoryWorkerMetricsCaptureFrequencyMillis": 500,
              "varianceBalancingFrequency": 5, "reBalanceThresholdPercentage": 1, "dampeningPercentage": 100}


@scenario
def test_two_daemons_share_and_hand_over(stage):
    application = Application(stage, shards=4, properties=PROPERTIES)
    first, second = application.start(), application.start()
    until_shared(application, first, second)
    second.send(signal.SIGTERM)
    assert second.wait() == 128 + signal.SIGTERM
    until_owner(application, first)

    third = application.start()
    until_shared(application, first, third)
    first.send(signal.SIGTERM)  # the leader
    assert first.wait() == 128 + signal.SIGTERM
    until_owner(application, third)

    application.until_finished()
    promises.check(application)


def until_shared(application: Application, one: Daemon, other: Daemon):
    """Under load: it is by load that the KCL shares."""
    def shared():
        application.producer.put(application.producer.single(2000) for _ in range(8))
        owners = [lease.get("leaseOwner") for lease in application.leases().values()]
        return min(owners.count(one.name), owners.count(other.name)) > 0 and gets(one) and gets(other)

    marks = {daemon: sum(len(instance.records) for instance in daemon.instances()) for daemon in (one, other)}

    def gets(daemon):
        return sum(len(instance.records) for instance in daemon.instances()) > marks[daemon]

    application.until(shared, f"{one.name} and {other.name} at work")


def until_owner(application: Application, daemon: Daemon):
    def owns_all():
        application.producer.put([application.producer.single(100)])
        leases = application.leases()
        return {lease.get("leaseOwner") for lease in leases.values()} == {daemon.name}

    application.until(owns_all, f"{daemon.name} at work alone")
