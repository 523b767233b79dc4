"""Memory of a process and its descendants: the proportional set size, in which a page that n processes share counts 1/n
for each."""
import threading
import time
from pathlib import Path


def children_of(pid: int) -> list:
    found = []
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += [int(child) for child in (task / "children").read_text().split()]
    except OSError:
        pass  # it has ended
    return found


def tree(pid: int) -> list:
    return [pid] + [process for child in children_of(pid) for process in tree(child)]


def pss_of(pid: int) -> int:
    """Bytes; 0 when it has ended."""
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


def pss_of_tree(pid: int) -> int:
    return sum(pss_of(process) for process in tree(pid))


class Sampler:
    """Looks at what a driver has started, again and again until the driver has ended: [(time, bytes), ...]."""

    def __init__(self, driver: int, interval=0.01):
        self.driver, self.interval = driver, interval
        self.samples = []
        self.thread = threading.Thread(target=self._watch)
        self.stopped = False
        self.thread.start()

    def _watch(self):
        while not self.stopped:
            pss = sum(pss_of_tree(child) for child in children_of(self.driver))
            if pss:
                self.samples.append((time.monotonic(), pss))
            time.sleep(self.interval)

    def finish(self) -> list:
        self.stopped = True
        self.thread.join()
        return self.samples
