"""Many shards at once: does a contender with its default settings live through it?"""
import time

from .arrivals import Arrivals
from .canned import services
from .plan import Crowd
from .running import Ended, Running


def missing(arrivals: Arrivals, crowd: Crowd) -> int:
    """A record that came again on one shard makes up for none of another."""
    arrived = sorted(arrivals.of_each_shard().values())
    return sum(max(0, crowd.records - records) for records in [0] * (crowd.shards - len(arrived)) + arrived)


def survive(contender, site, crowd: Crowd, idle: float, say) -> dict:
    """Reads the backlog, and is idle for so many seconds after it. How many records are missing in the end and how many
    came again, the memory that it took, and whether the heap was enough."""
    arrivals = Arrivals(site.arrivals)
    with Running(contender, site, arrivals) as running:
        try:
            running.wait(lambda: not missing(arrivals, crowd), f"{crowd.records:,} records of each shard")
            time.sleep(idle)
        except (Ended, services.Timeout) as trouble:
            say(str(trouble))
        lost = missing(arrivals.look(), crowd)
        row = {"missing": lost, "again": arrivals.records - (crowd.total - lost), "peakBytes": running.usage.peak,
               "idleBytes": running.usage.memory(), "ended": not running.process.running(),
               "outOfMemory": "OutOfMemoryError" in running.process.output()}
    say(f"{contender.name}: {crowd.name}: {row}")
    return row
