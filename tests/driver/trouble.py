"""What befalls a life: its worker is hurt, its host or daemon killed, its disk fails, its plugin is replaced."""
import errno
import os
import random
import shutil
import signal
import time
from pathlib import Path

from daemon import Daemon

# How a life ends. piece: the daemon goes in the middle of a line; cut: of a message, which was sent; gone: of a message,
# with both pipes; order: between two messages. disk is no end by itself, but mostly leads to one.
ENDINGS = ("kill", "kill", "kill", "piece", "cut", "gone", "order", "lease_lost", "shutdown", "disk")
BETWEEN_MESSAGES = ("piece", "order", "lease_lost", "shutdown")


class Trouble:
    """For all lives of one world; a plan for each."""

    def __init__(self, choice: random.Random, directory: Path, plugin: Path, isolated: bool, stops: float):
        self.choice, self.plugin = choice, plugin
        self.faults = directory / "faults"
        self.isolated = isolated
        self.stops = stops  # the share of hurts that stop the worker until it counts as hanging
        self.done = {}  # how often, by what
        self._may_hurt = True
        self.ending, self._due_message, self._due_at = None, 0, None
        self._messages = 0
        self._hurt_at = None

    def plan(self, calm: bool):
        """For the next life."""
        choice = self.choice
        self.ending = None if calm else choice.choice(ENDINGS)
        self._messages, self._due_message, self._due_at = 0, choice.choice([0, 1, 1, 2, 3, 5, 8]), None
        self.faults.unlink(missing_ok=True)
        if self.ending == "disk" and choice.random() < 0.3:
            self._spoil_disk()
        self._plan_hurt()
        if choice.random() < 0.1:
            self.replace_plugin()

    def replace_plugin(self):
        """By one that does the same and is another file; as deployments do it, whole or not at all."""
        new = self.plugin.with_suffix(".new")
        shutil.copy(self.plugin, new)
        with open(new, "ab") as file:
            file.write(self.choice.randbytes(8))
        os.rename(new, self.plugin)
        self._count("plugin replaced")

    def message(self) -> bool:
        """Before a message is sent: whether the life ends here, as BETWEEN_MESSAGES says."""
        self._messages += 1
        if self._messages <= self._due_message or self.ending is None:
            return False
        if self.ending in BETWEEN_MESSAGES:
            return True
        if self._messages == self._due_message + 1:
            self._due_at = time.monotonic() + self.choice.choice([0, 0.001, 0.003, 0.01, 0.03])
        return False

    def accepted(self):
        """A batch was acknowledged. One hurt until the next: so no record is hurt as often as makes it a dead letter."""
        self._may_hurt = True

    def tick(self, daemon: Daemon):
        now = time.monotonic()
        if self._due_at is not None and now >= self._due_at:
            self._due_at = None
            self._end(daemon)
        # Before its first initialize is answered a host gives up.
        if self._hurt_at is not None and now >= self._hurt_at and self._may_hurt and self._messages:
            self._plan_hurt()
            self._hurt(daemon)

    def _end(self, daemon: Daemon):
        self.count_ending()
        if self.ending == "kill":
            daemon.kill()
        elif self.ending == "cut":
            daemon.close_in("cut")
        elif self.ending == "gone":
            daemon.close_both("gone")
        else:
            self._spoil_disk()

    def count_ending(self):
        self._count(f"ended by {self.ending}")

    def _spoil_disk(self):
        error = self.choice.choice([errno.ENOSPC, errno.EIO])
        self.faults.write_text(f"{error} {self.choice.choice([10, 50, 100])}")
        self.faults.chmod(0o644)
        self._count("disk faults")

    def disk_is_bad(self) -> bool:
        return self.faults.exists()

    def _plan_hurt(self):
        self._hurt_at = time.monotonic() + self.choice.expovariate(1 / 0.15) if self.isolated else None

    def _hurt(self, daemon: Daemon):
        workers = daemon.workers()
        if not workers:
            return
        how = signal.SIGKILL if self.choice.random() < 0.5 else signal.SIGSEGV
        if self.choice.random() < self.stops:
            how = signal.SIGSTOP
        try:
            os.kill(self.choice.choice(workers), how)
        except ProcessLookupError:
            return
        self._may_hurt = False
        self._count(f"worker {how.name}")

    def _count(self, what: str):
        self.done[what] = self.done.get(what, 0) + 1
