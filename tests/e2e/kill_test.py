"""kill -9 while records flow."""
import os
import signal

import promises
from application import Application
from scenario import scenario


@scenario
def test_killed_workers(stage):
    application = Application(stage, shards=2, plugin_config={"delay_us": 5000})
    application.put(some(application, 1500))
    application.start()
    for share in (0.2, 0.6):
        until_delivered(application, share)
        application.until_some_are_to_come(lambda: some(application, 500))
        kill_a_worker(application)
    until_delivered(application, 1)
    application.until(lambda: kept_running(application) and not application.unfinished(), "every lease at its end")
    promises.check(application)


@scenario(long=True)
def test_killed_daemon(stage):
    application = Application(stage, shards=2, plugin_config={"delay_us": 5000})
    application.put(some(application, 1500))
    daemon = application.start()
    application.until_delivered(0.3)
    # The records may all be of the shard whose host came first.
    application.until(lambda: len(hosts(daemon)) == 2, "a host for each shard")
    application.until_some_are_to_come(lambda: some(application, 500))

    daemon.send(signal.SIGKILL)
    assert daemon.wait() == -signal.SIGKILL
    # Nobody ends the hosts and the workers but themselves.
    stage.until(lambda: not daemon.family(), "hosts and workers gone", lambda: f"left: {daemon.family()}")

    application.start()
    application.until_finished()
    promises.check(application)


def hosts(daemon) -> list:
    return [command for command in daemon.family().values() if " run " in command]


def some(application: Application, count: int) -> list:
    return [application.producer.single(500) for _ in range(count)]


def until_delivered(application: Application, share: float):
    wanted = share * application.producer.total()
    application.until(lambda: kept_running(application) and len(application.delivered()) >= wanted,
                      f"{share:.0%} of {application.producer.total()} records delivered")


def kept_running(application: Application) -> bool:
    """What a service manager does: starts the daemon again when it has ended."""
    if not application.daemons[-1].running():
        application.stage.note(f"it exited {application.daemons[-1].wait()}")
        application.start()
    return True


def kill_a_worker(application: Application):
    """The worker that has most recently written something, if it still is one."""
    def attempt():
        kept_running(application)
        daemon = application.daemons[-1]
        busy = [instance for instance in daemon.instances() if instance.records]
        latest = max(busy, key=lambda instance: instance.records[-1].at, default=None)
        if latest is None or " worker " not in daemon.family().get(latest.pid, ""):
            return False
        os.kill(latest.pid, signal.SIGKILL)
        return True

    application.until(attempt, "a worker killed")
