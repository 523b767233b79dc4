"""The whole pipeline: rounds of lives, each contender in turn, and kclhost's crowds."""
from pathlib import Path

from . import crowd, plan
from .canned import CannedKinesis, services
from .contenders import JavaKcl, Kclhost, Kclpy
from .life import Life
from .readers import AsyncKinesis, CppFloor, GoFloor, LeftOut
from .site import Site

KCLHOST, BEFORE = "kclhost", "kclhost before"  # of two build trees
JAVA_KCL, KCLPY = JavaKcl.name, Kclpy.name


def contenders(build: Path, against, say) -> list:
    """kclhost first; `against` is another kclhost's build tree, or None. What they need is made in build/bench. One that
    need not be there is left out, and `say` is told why."""
    folder = build / "bench"
    ours = Kclhost(KCLHOST, build, folder)
    before = [Kclhost(BEFORE, against, folder)] if against else []
    found = [ours, *before, JavaKcl(ours, folder), Kclpy(), AsyncKinesis(ours)]
    try:
        found.append(GoFloor(ours, folder))
    except LeftOut as reason:
        say(f"{GoFloor.name} is left out: {reason}")
    return [*found, CppFloor(ours, build)]


class Benchmark:
    def __init__(self, chosen: plan.Plan, folder: Path, say):
        self.plan, self.folder, self.say = chosen, folder, say
        self.sites = 0

    def measure(self, compared: list) -> dict:
        with services.DynamoDb(self.folder) as self.dynamodb:
            lives, troubles = self.rounds(compared)
            crowds = [{"name": each.name, **self.survive(compared[0], each)} for each in self.plan.crowds]
        versions = {each.name: each.version() for each in compared if isinstance(each, Kclhost)}
        return {"versions": versions, "shards": plan.SHARDS, "records": plan.SHARDS * self.plan.records, "size": plan.SIZE,
                "lives": lives, "troubles": troubles, "crowds": crowds}

    def rounds(self, compared: list):
        """Each contender's lives, and what kept another's from its end: hours of measuring must not be lost for that.
        kclhost's own trouble ends the benchmark."""
        lives, troubles = {contender.name: [] for contender in compared}, []
        for number in range(self.plan.rounds):
            for contender in compared:
                self.say(f"{contender.name}, round {number + 1} of {self.plan.rounds}")
                try:
                    lives[contender.name].append(self.live(contender))
                except (RuntimeError, services.Timeout) as trouble:
                    if contender is compared[0]:
                        raise
                    troubles.append(f"{contender.name}, round {number + 1}: {str(trouble).splitlines()[0]}")
                    self.say(f"left out: {trouble}")
        return {name: found for name, found in lives.items() if found}, troubles

    def live(self, contender) -> dict:
        with self.kinesis(plan.SHARDS, self.plan.records, plan.SIZE) as kinesis:
            return Life(contender, self.site(kinesis), self.plan, plan.SHARDS * self.plan.records, self.say).figures()

    def survive(self, contender, each: plan.Crowd) -> dict:
        with self.kinesis(each.shards, each.records, each.size) as kinesis:
            return crowd.survive(contender, self.site(kinesis), each, self.plan.idle, self.say)

    def kinesis(self, shards: int, records: int, size: int) -> CannedKinesis:
        return CannedKinesis(self.folder, shards=shards, records=records, size=size)

    def site(self, kinesis) -> Site:
        self.sites += 1
        application = f"bench-{self.sites}"
        return Site(self.folder / application, application, kinesis, self.dynamodb)
