"""One application from its first start to its end: all situations in turn, and what each costs. One that keeps no place is
started once."""
import time

from .arrivals import Arrivals
from .plan import MORE, SHARDS, WARM, Plan
from .running import Running


class Life:
    """Of a contender on a site with a full backlog. figures() leads it through."""

    def __init__(self, contender, site, plan: Plan, total: int, say):
        self.contender, self.site, self.plan, self.total, self.say = contender, site, plan, total, say
        self.records = total  # on the stream so far
        self.arrivals = Arrivals(site.arrivals)

    def figures(self) -> dict:
        found = {}
        keeps_place = self.contender.keeps_place
        with self.running() as running:
            found |= self.new(running) | self.backlog(running) | self.idle(running)
            found |= self.reshard(running) if keeps_place else {}
            found["peakBytes"] = running.usage.peak
            running.stop_in_order()
        return found | self.started_again() if keeps_place else found

    def started_again(self) -> dict:
        found = {}
        self.more()
        with self.running() as running:
            found["restartSeconds"] = self.first(running, "an orderly restart")
            running.all_of(self.records)  # so it holds all shards
            running.kill()
        self.more()
        with self.running() as running:
            found["killedSeconds"] = self.first(running, "SIGKILL")
        return found

    def more(self):
        """So that there is something to read on each shard, now that one was split."""
        self.site.kinesis.more(MORE)
        self.records += (SHARDS + 1) * MORE

    def running(self) -> Running:
        return Running(self.contender, self.site, self.arrivals)

    def first(self, running, what: str, since=None, besides=frozenset()) -> float:
        seconds = running.first_batch(running.begin if since is None else since, besides)
        self.say(f"{self.contender.name}: {seconds:.1f} s from {what} to the first record")
        return seconds

    def new(self, running) -> dict:
        seconds = self.first(running, "the start of a new application")
        return {"newSeconds": seconds, "firstRecordCpuSeconds": running.usage.cpu()}

    def backlog(self, running) -> dict:
        def point():
            return self.arrivals.records, running.usage.cpu(), time.monotonic()

        running.all_of(int(WARM * self.total))
        warm, warm_cpu, begin = point()
        running.all_of(self.total)
        done, cpu, end = point()
        millions = (done - warm) / 1e6
        return {"cpuSecondsPerMillion": (cpu - warm_cpu) / millions, "recordsPerSecond": (done - warm) / (end - begin)}

    def idle(self, running) -> dict:
        time.sleep(self.plan.settle)
        cpu = running.usage.idle(self.plan.idle)
        return {"idleCpuMillisPerSecond": cpu, "idleBytes": running.usage.memory()}

    def reshard(self, running) -> dict:
        known, split = self.arrivals.shards, time.monotonic()
        self.site.kinesis.split(MORE)
        self.records += 2 * MORE
        return {"reshardSeconds": self.first(running, "a split", since=split, besides=known)}
