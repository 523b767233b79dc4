"""One shard through many lives: from the stream's first record until each one is accounted for."""
import json
import os
import random
import shutil
import subprocess
from pathlib import Path

from accounts import Accounts
from daemon import Daemon, Ended
from settings import Setting
from stream import Stream, deeds
from trouble import Trouble

BIN = Path(os.environ["KCLHOST_BIN_DIR"]) / "kclhost"
PLUGINS = Path(os.environ["KCLHOST_DRIVER_DIR"])
SHARD = "shardId-000000000000"
NOBODY = 65534
# Faults are to reach the host as they are, not as a sanitizer's report.
SIGNALS = "handle_segv=0:handle_abort=0:handle_sigbus=0:allow_user_segv_handler=1"
EMPTY = b'{"action":"processRecords","records":[],"millisBehindLatest":0}\n'

# What a host may end with, by what was done to it.
CODES = {"killed": {-9}, "piece": {4}, "cut": {0, 4}, "gone": {0, 4}, "order": {0}}
BAD_DISK = {0, 1, 3, 4}
# In the host the plugin's end is the host's.
OWN_END = {-11, -6, 3, 0}


class World:
    def __init__(self, setting: Setting, directory: Path, seed: int, lives: int, records: int, attempts: int = 0):
        """attempts: on_error's; 0: by chance."""
        self.choice = choice = random.Random(f"{seed} {setting.name}")
        self.setting, self.dir, self.lives = setting, directory, lives
        # Each poison record in the host costs some twelve lives.
        most = max(1, lives // 16) if not setting.isolated else records
        if "hang" in setting.poison:
            most = 3  # and each of these some seconds
        poison = min(round(0.004 * records) + 1, most)
        self.stream = Stream(choice, deeds(choice, records, setting.poison, poison / records, setting.hostile, setting.later))
        self.plugin = directory / "plugins" / "writer.so"
        self.plugin.parent.mkdir(parents=True)
        shutil.copy(PLUGINS / f"{setting.plugin}.so", self.plugin)
        self.plugin.chmod(0o755)
        self.out = directory / "out"
        (self.out / "read").mkdir(parents=True)
        self.state = directory / "state"
        self.state.mkdir()
        self.trouble = Trouble(choice, directory, self.plugin, setting.isolated, 1 / 40)
        self.accounts = Accounts(self.stream, self.out, self.state / "dead-letters")
        self.checkpoint = 0  # so many records, from the first on, are in the lease table
        self.lease_is_lost = self.shard_has_ended = False
        self.lived = 0
        self.batch_sizes = [1, 2, 5, 20, 60, 200]
        self._ticks = self._log_seen = self._failures = 0
        self._configure(attempts)
        self.prefix = ["setpriv", "--pdeathsig", "KILL", "--"]
        if os.geteuid() == 0:
            subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", self.state, self.out], check=True)
            directory.chmod(0o755)
            self.prefix[1:1] = [f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        # Tells what the disk does below the state directory.
        self.environment = os.environ | {
            "LD_PRELOAD": str(PLUGINS / "disk_faults.so"), "DRIVER_FAULTS": str(self.trouble.faults),
            "DRIVER_FAULTS_BELOW": str(self.state) + "/",
            "ASAN_OPTIONS": SIGNALS + ":detect_leaks=0:detect_stack_use_after_return=0:verify_asan_link_order=0"}

    def _configure(self, attempts: int):
        s, choice = self.setting, self.choice
        retry = {"max_attempts": attempts or choice.choice([2, 3]), "initial_backoff": "1ms", "max_backoff": "5ms"}
        (self.dir / "kclhost.yaml").write_text(json.dumps({  # JSON is YAML
            "version": 1, "plugins_dir": str(self.plugin.parent), "state_dir": str(self.state),
            "plugin": {"path": self.plugin.name, "config": {"dir": str(self.out), "flush": s.flush,
                                                            "checkpoint": s.checkpoint, "eager": choice.random() < 0.5,
                                                            "idle_flush": choice.random() < 0.5}},
            "isolation": s.isolation, "concurrency": s.lanes,
            "checkpoint": {"interval": choice.choice(["0s", "20ms"]), "retry": retry},
            "on_error": {"retry": retry, "then": "block" if s.later else "dead_letter"},
            "in_flight": {"max_records": s.in_flight},
            "timeouts": {"initialize": "2s", "process_records": "2s", "shutdown": "2s"},
            "log": {"level": "info", "format": "json", "sink": "stderr"}}))

    # ---- all lives

    def run(self):
        for number in range(1, self.lives + 1):
            self.live(len(self.stream) * number // self.lives, calm=False)
        calm = 0
        while not self.shard_has_ended:
            self.live(len(self.stream), calm=True)
            calm += 1
            assert calm <= 40 + 20 * len(self.stream.poison), f"no end is near: the checkpoint is {self.checkpoint}"
        self.accounts.check_end()

    def live(self, limit: int, calm: bool):
        """One life; the stream has `limit` records so far."""
        self.lived += 1
        self.trouble.plan(calm)
        self.lease_is_lost = False
        self._log_seen = self._failures = 0
        daemon = Daemon([BIN, "run", "--config", self.dir / "kclhost.yaml"], self.environment,
                        self.dir / f"log.{self.lived % 4}", self._on_checkpoint, self._tick, self.prefix)
        try:
            try:
                self._talk(daemon, limit, calm)
            except Ended:
                pass
            self._check_code(daemon, daemon.wait())
            self.accounts.life_is_over()
        except BaseException:
            daemon.destroy()
            raise

    def _check_code(self, daemon: Daemon, code: int):
        allowed = set().union(*(CODES[ending] for ending in daemon.endings))
        if self.trouble.disk_is_bad():
            allowed |= BAD_DISK
        if not self.setting.isolated and self.stream.poison:
            allowed |= OWN_END
        assert code in allowed, (f"the host ended with {code}, after {daemon.endings or 'nothing'}; its log ends with\n"
                                 f"{daemon.tail()}")

    # ---- one life

    def _talk(self, daemon: Daemon, limit: int, calm: bool):
        at = self.stream.records[self.checkpoint - 1] if self.checkpoint else None
        begin = {"action": "initialize", "shardId": SHARD, "sequenceNumber": str(at.sequence) if at else "TRIM_HORIZON",
                 "subSequenceNumber": at.sub if at else 0}
        daemon.ask("initialize", json.dumps(begin).encode() + b"\n")
        position, idle = self.checkpoint, 0
        while not self.lease_is_lost and idle < 20:
            if calm and position == len(self.stream):
                # A worker that was stopped meanwhile may take longer than the daemon is kept waiting: then without a
                # checkpoint, and the shard is read again.
                daemon.ask("shardEnded")
                return daemon.close_in("order")
            message, last = EMPTY, position
            if position < limit:
                last = min(limit, position + self.choice.choice(self.batch_sizes))
                message = self.stream.batch(position, last)
            if self.trouble.message():
                return self._leave(daemon, message)
            idle = 0 if last > position else idle + 1
            daemon.ask("processRecords", message)
            if last > position:
                self.trouble.accepted()
            position = last
        if self.lease_is_lost:
            daemon.ask("leaseLost")
        daemon.close_in("order")

    def _leave(self, daemon: Daemon, message: bytes):
        ending = self.trouble.ending
        self.trouble.count_ending()
        if ending == "piece":
            daemon.send_piece(message[:self.choice.randrange(1, len(message) - 1)])
            return daemon.close_in("piece")
        if ending == "shutdown":
            daemon.ask("shutdownRequested")
        if ending in ("shutdown", "lease_lost"):
            daemon.ask("leaseLost")
        daemon.close_in("order")

    def _on_checkpoint(self, number, sub):
        """The answer's error. What the lease table has after an error that is no answer is anybody's guess."""
        if number is None:
            self.accounts.check_checkpoint(len(self.stream))
            self.shard_has_ended = True
            return None
        count = self.stream.index[int(number), sub] + 1
        self.accounts.check_checkpoint(count)
        return self._error_of_checkpoint(count)

    def _error_of_checkpoint(self, count: int):
        chance = self.choice.random()
        if self.lease_is_lost or chance < 0.005:
            self.lease_is_lost = True
            return "ShutdownException"
        if chance >= 0.04 or self.choice.random() < 0.5:
            self.checkpoint = max(self.checkpoint, count)
        return self.choice.choice(["ThrottlingException", "KinesisClientLibDependencyException"]) if chance < 0.04 else None

    def _tick(self, daemon: Daemon):
        self.trouble.tick(daemon)
        self._ticks += 1
        if self.setting.later and self._ticks % 10 == 0:
            self._cure(daemon)

    def _cure(self, daemon: Daemon):
        """Has a record pass that failed for a while, and mostly another plugin file be there by then."""
        with open(daemon.stderr, "rb") as log:
            log.seek(self._log_seen)
            new = log.read()
        self._log_seen += len(new)
        self._failures += new.count(b"process_records failed")
        if self._failures < 12:
            return
        self._failures = 0
        self.accounts.look()
        waiting = (number for number, record in enumerate(self.stream.records) if record.deed == "later"
                   and number not in self.accounts.written and not (self.out / f"cured.{number}").exists())
        if self.choice.random() < 0.6:
            self.trouble.replace_plugin()
        for number in waiting:
            return (self.out / f"cured.{number}").touch()
