"""One round: a fresh stream and application, trouble while records are put, a calm time, and the account."""
import random
import time
from pathlib import Path

import accounts
import services
from launches import Launch
from producer import Producer
from trouble import Trouble

WAYS = (("writer_returning", {}), ("writer_returning", {"concurrency": 4}), ("writer_checkpointing", {}))
# A last resort against hanging for ever: the KCL's leader lock alone holds for two minutes.
PATIENCE = 1800


class Scene:
    def __init__(self, local: services.LocalServices, directory: Path, seed: str, kclhost: Path, plugins: Path):
        self.choice = choice = random.Random(seed)
        plugin, settings = choice.choice(WAYS)
        shards = choice.randint(2, 4)
        self.stream = local.create_stream(shards)
        self.application = f"chaos-{self.stream}"
        self.local = local
        config = {"flush": choice.choice([1, 20]) if plugin == "writer_checkpointing" else 1, "eager": choice.random() < 0.5,
                  "checkpoint": choice.choice(["record", "everything"]), "idle_flush": True}
        self.launches = [Launch(local, directory, f"launch-{n}", self.stream, self.application, kclhost,
                                plugins / f"{plugin}.so", config, settings) for n in range(choice.randint(2, 3))]
        self.producer = Producer(local, self.stream, seed + " put", most=5000, pause=1.5)
        kinesis, dynamodb = local._started
        self.trouble = Trouble(seed + " trouble", self.launches, {"kinesis": kinesis, "dynamodb": dynamodb}, pause=5)
        print(f"  {plugin} {config} {settings}, {shards} shards, {len(self.launches)} launches", flush=True)

    def play(self, seconds: float) -> str:
        """The round's figures; raises when a promise is broken."""
        try:
            self._keep_running()
            self.producer.start()
            self._until(lambda: self._accounted(), "the first record")
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                self._keep_running()
                self.trouble.tick()
                time.sleep(0.1)
            self.trouble.last()
            self.trouble.end()
            calm = time.monotonic()
            self.producer.finish()
            self._until(self._finished, "every record accounted for, and every lease at its end", self._state)
            calm = time.monotonic() - calm
            for launch in self.launches:
                launch.stop()
            self._until(lambda: not any(launch.family() for launch in self.launches), "nothing left running", self._state,
                        keep=False)
            got, letters = accounts.check(self.launches, self.producer.put, self.producer.poison)
        except BaseException:
            for launch in self.launches:
                print(f"---- the end of {launch.dir}/launch.log\n{launch.tail()}", flush=True)
            raise
        finally:
            self.trouble.end()
            for launch in self.launches:
                launch.destroy()
        done = ", ".join(f"{count} {what}" for what, count in sorted(self.trouble.done.items()))
        return (f"{len(self.producer.put)} put = {got} accepted + {letters} dead letters; "
                f"{sum(launch.starts for launch in self.launches)} starts of launch; {done}; calm after {calm:.0f} s")

    def _keep_running(self):
        for launch in self.launches:
            launch.keep_running()

    def _accounted(self) -> set:
        put = self.producer.put
        return accounts.accepted(self.launches, put) | accounts.dead_letters(self.launches, put)

    def _finished(self) -> bool:
        return len(self._accounted()) == len(self.producer.put) and not self._behind()

    def _behind(self) -> dict:
        """The shards whose checkpoint is not at their last record."""
        leases, behind = self.local.leases(self.application), {}
        for shard, last in self.producer.last.items():
            checkpoint = leases.get(shard, {}).get("checkpoint", "")
            if not checkpoint.isdigit() or int(checkpoint) < last:
                behind[shard] = checkpoint, leases.get(shard, {}).get("leaseOwner")
        return behind

    def _state(self) -> str:
        missing = self.producer.put.keys() - self._accounted()
        return (f"{len(missing)} of {len(self.producer.put)} records missing, the first {min(missing, default=None)}; "
                f"behind: {self._behind()}; running: {[launch.family() for launch in self.launches]}")

    def _until(self, condition, what: str, state=lambda: "", keep: bool = True):
        def check():
            if keep:
                self._keep_running()
            return condition()

        try:
            services.wait_for(check, what, timeout=PATIENCE, poll=0.5)
        except services.Timeout as timeout:
            raise services.Timeout(f"{timeout}: {state()}") from None
