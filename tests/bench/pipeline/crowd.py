"""Many shards at once: does a contender with its default settings live through it?"""
import time

from .arrivals import Arrivals
from .plan import Crowd
from .running import Ended, Running


def survive(contender, site, crowd: Crowd, idle: float, say) -> dict:
    """Reads the backlog, and is idle for so many seconds after it. How many records are missing in the end, the memory
    that it took, and whether the heap was enough."""
    arrivals, total = Arrivals(site.arrivals), crowd.total
    with Running(contender, site, arrivals) as running:
        try:
            running.all_of(total)
            time.sleep(idle)
        except Ended as ended:
            say(str(ended))
        row = {"missing": total - arrivals.records, "peakBytes": running.usage.peak,
               "idleBytes": running.usage.memory(), "ended": not running.process.running(),
               "outOfMemory": "OutOfMemoryError" in running.process.output()}
    say(f"{contender.name}: {crowd.name}: {row}")
    return row
