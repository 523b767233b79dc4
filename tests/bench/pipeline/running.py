"""An application that runs: what it uses, what arrives, and its end."""
import contextlib
import os
import signal
import time

from .arrivals import Arrivals
from .canned import services
from .usage import Usage, alive

PATIENCE = 900  # a last resort against waiting for ever
POLL = 0.02


class Ended(RuntimeError):
    """The application ended when it should have run."""


class Running:
    """A contender that was started on a site. Arrivals outlive it: they are the application's."""

    def __init__(self, contender, site, arrivals: Arrivals):
        self.contender, self.arrivals = contender, arrivals
        command = contender.command(site)  # some ask kclhost what it would do, which is no part of their start
        self.begin = time.monotonic()
        self.process = contender.start(site, command)
        self.usage = Usage(self.process.pid)

    def wait(self, condition, what: str):
        def check():
            self.arrivals.look()
            found = condition()
            if not found and not self.process.running():
                raise Ended(f"{self.contender.name} ended; waited for {what}. Its log's end:\n{self.process.tail()}")
            return found

        return services.wait_for(check, f"{what}, {self.contender.name}", timeout=PATIENCE, poll=POLL)

    def first_batch(self, since: float, besides=frozenset()) -> float:
        """Seconds from then to the first batch after it, of a shard that is none of these."""
        def arrived():
            return next((batch.at - since for batch in self.arrivals.batches
                         if batch.at > since and batch.shard not in besides), None)

        return self.wait(arrived, "a record")

    def all_of(self, records: int):
        self.wait(lambda: self.arrivals.records >= records, f"{records:,} records")

    def stop_in_order(self):
        self.process.send(signal.SIGTERM)
        self.process.wait()

    def kill(self):
        """All of its processes at once, as when a container is killed; they are gone when it returns."""
        killed = self.usage.processes()
        for pid in killed:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()
        services.wait_for(lambda: not any(map(alive, killed)), f"the end of {self.contender.name}'s processes")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.usage.stop()
        if self.process.running():
            self.kill()
        self.process.stop()
