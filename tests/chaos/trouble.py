"""Stops and kills what it finds."""
import os
import random
import signal
import time

# role: signal, how often in comparison, for how long it is stopped at most (s); 0: until somebody ends it.
KINDS = (("worker", signal.SIGKILL, 8, 0), ("worker", signal.SIGSTOP, 4, 0), ("host", signal.SIGKILL, 3, 0),
         ("host", signal.SIGSTOP, 4, 8), ("java", signal.SIGKILL, 2, 0), ("java", signal.SIGSTOP, 3, 25),
         ("launch", signal.SIGKILL, 2, 0), ("launch", signal.SIGSTOP, 2, 8), ("launch", signal.SIGTERM, 2, 0),
         ("dynamodb", signal.SIGSTOP, 3, 12), ("kinesis", signal.SIGSTOP, 3, 8))


class Trouble:
    def __init__(self, seed: str, launches, services_by_name: dict, pause: float):
        self.choice = random.Random(seed)
        self.launches, self.services, self.pause = launches, services_by_name, pause
        self.done = {}
        self._stopped = []  # (when to go on, process id)
        self._next = time.monotonic()

    def tick(self):
        now = time.monotonic()
        for at, pid in [one for one in self._stopped if one[0] <= now]:
            self._go_on(at, pid)
        if now < self._next:
            return
        self._next = now + self.choice.expovariate(1 / self.pause)
        role, number, _, most = self.choice.choices(KINDS, [kind[2] for kind in KINDS])[0]
        self._strike(role, number, most)

    def _strike(self, role: str, number: int, most: float):
        pid = self._find(role)
        if pid is None:
            return
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        self.done[f"{role} {number.name}"] = self.done.get(f"{role} {number.name}", 0) + 1
        if number == signal.SIGSTOP and most:
            self._stopped.append((time.monotonic() + self.choice.uniform(0.2, most), pid))

    def last(self):
        """So that the calm time has something to mend."""
        for role in ("worker", "host", "java"):
            self._strike(role, signal.SIGKILL, 0)

    def end(self):
        """Everything goes on."""
        for at, pid in list(self._stopped):
            self._go_on(at, pid)

    def _go_on(self, at, pid):
        self._stopped.remove((at, pid))
        try:
            os.kill(pid, signal.SIGCONT)
        except ProcessLookupError:
            pass

    def _find(self, role: str):
        if role in self.services:
            return self.services[role].process.pid
        launch = self.choice.choice(self.launches)
        pids = sorted(pid for pid, its in launch.family().items() if its == role)
        return self.choice.choice(pids) if pids else None
