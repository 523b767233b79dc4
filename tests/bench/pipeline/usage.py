"""What a process and all of its descendants use: CPU time and memory, as a container would be billed for them."""
import os
import threading
import time
from pathlib import Path

import memory

TICKS = os.sysconf("SC_CLK_TCK")
INTERVAL = 0.25


def fields(pid: int) -> list:
    """Of /proc/PID/stat, those behind the name, which may hold blanks and parentheses; none when it has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def alive(pid: int) -> bool:
    """Whether it still has a thread: when the first one has ended the others may yet hold locks."""
    try:
        tasks = len(os.listdir(f"/proc/{pid}/task"))
    except OSError:
        return False
    return tasks > 1 or fields(pid)[:1] != ["Z"]


def cpu_with_children(pid: int) -> float:
    """Seconds, user and system, of the process and of those children that it has waited for."""
    return sum(map(int, fields(pid)[11:15])) / TICKS  # utime, stime, cutime, cstime


class Usage:
    """Watches the tree below a process from its start on. A process that ends between two looks at /proc is counted by
    its parent, but may be missing at one look: CPU time never falls, so the most that was seen is right."""

    def __init__(self, pid: int):
        self.pid = pid
        self.peak = 0  # bytes, PSS
        self._cpu = 0
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def cpu(self) -> float:
        """Seconds so far."""
        self._cpu = max(self._cpu, sum(map(cpu_with_children, memory.tree(self.pid))))
        return self._cpu

    def memory(self) -> int:
        """Bytes now; PSS."""
        return memory.pss_of_tree(self.pid)

    def processes(self) -> list:
        return memory.tree(self.pid)

    def idle(self, seconds: float) -> float:
        """CPU milliseconds per second, over so many seconds."""
        before, begin = self.cpu(), time.monotonic()
        time.sleep(seconds)
        return 1000 * (self.cpu() - before) / (time.monotonic() - begin)

    def _watch(self):
        while not self._stopped.wait(INTERVAL):
            self.peak = max(self.peak, self.memory())

    def stop(self):
        self._stopped.set()
        self._thread.join()
