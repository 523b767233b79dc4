"""A stand-in for the MultiLangDaemon: starts `kclhost run` and speaks the protocol with it, believing nothing."""
import array
import base64
import fcntl
import hashlib
import json
import os
import pathlib
import select
import signal
import subprocess
import termios
import time
import uuid

BIN = pathlib.Path(os.environ["KCLHOST_BIN_DIR"])
PLUGINS = pathlib.Path(os.environ["KCLHOST_PLUGINS_DIR"])
ZOO = pathlib.Path(os.environ["KCLHOST_ZOO_DIR"])
SANITIZED = bool(os.environ.get("KCLHOST_SANITIZE"))

PATIENCE = 120  # seconds; only a program that hangs takes as long
SHARD_ID = "shardId-000000000007"
# The first failure ends the program: what the tests are about is how it fails.
STOP = {"retry": {"max_attempts": 1}, "bisect": False, "then": "stop"}


def environment():
    """Faults are to reach the host as they are, not as a sanitizer's report."""
    leave_signals = "handle_segv=0:handle_abort=0:handle_sigbus=0:allow_user_segv_handler=1"
    return os.environ | {"ASAN_OPTIONS": leave_signals + ":detect_leaks=0:detect_stack_use_after_return=0",
                         "TSAN_OPTIONS": leave_signals + ":report_signal_unsafe=0:die_after_fork=0"}


def record(sequence_number, data, sub_sequence_number=0, key="key", arrival=1700000000000):
    data = data if isinstance(data, bytes) else data.encode()
    return {"data": base64.b64encode(data).decode(), "partitionKey": key, "sequenceNumber": str(sequence_number),
            "approximateArrivalTimestamp": arrival, "subSequenceNumber": sub_sequence_number, "action": "record"}


def write_config(directory, plugin, config=None, plugins_dir=ZOO, sha256=None, **settings):
    """A configuration in `directory` that names the plugin. JSON is YAML."""
    settings = {"version": 1, "plugins_dir": str(plugins_dir), "state_dir": str(directory / "state"),
                "plugin": {"path": plugin, "config": config or {}}, "on_error": STOP,
                "log": {"level": "debug"}} | settings
    if sha256:
        settings["plugin"]["sha256"] = sha256
    file = directory / "kclhost.yaml"
    file.write_text(json.dumps(settings), encoding="utf-8")
    return file


def sha256_of(file):
    return hashlib.sha256(pathlib.Path(file).read_bytes()).hexdigest()


class Ended(Exception):
    """The program closed its stdout."""


class Shard:
    """One `kclhost run`. Everything it starts is ended with it, whatever happens."""

    def __init__(self, directory, plugin, config=None, inside=(), program=BIN / "kclhost", **settings):
        """`inside` is the front of a command that runs another."""
        self.mark = uuid.uuid4().hex
        self.checkpoints = []
        self.answers = {}  # sequence number (None: everything): the daemon's error
        self._stderr = directory / "stderr"
        self._pending = b""
        file = write_config(directory, plugin, config, **settings)
        with open(self._stderr, "wb") as stderr:
            self.process = subprocess.Popen([*inside, program, "run", "--config", file], stdin=subprocess.PIPE,
                                            stdout=subprocess.PIPE, stderr=stderr, process_group=0,
                                            env=environment() | {"ZOO_MARK": self.mark})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for pid in self.processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()
        self.process.stdout.close()
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass

    # ---- the protocol

    def send(self, message):
        try:
            # As the daemon writes them: without blanks.
            self.process.stdin.write(json.dumps(message, separators=(",", ":")).encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # its end shows on stdout

    def _read_line(self):
        deadline = time.monotonic() + PATIENCE
        while b"\n" not in self._pending:
            if not select.select([self.process.stdout], [], [], max(0, deadline - time.monotonic()))[0]:
                raise AssertionError("no answer; stderr:\n" + self.stderr())
            read = os.read(self.process.stdout.fileno(), 65536)
            if not read:
                assert self._pending == b"", f"stdout ends within a line: {self._pending!r}"
                raise Ended
            self._pending += read
        line, self._pending = self._pending.split(b"\n", 1)
        return line

    def read_message(self):
        """The next message; every byte that is not part of one is a failure."""
        while not (line := self._read_line()):
            pass
        message = json.loads(line)
        keys = {"status": {"action", "responseFor"}, "checkpoint": {"action", "sequenceNumber", "subSequenceNumber"}}
        assert set(message) == keys[message["action"]], line
        return message

    def ask(self, message):
        """Sends a message, answers checkpoints, returns at its status; raises Ended when there is none."""
        self.send(message)
        self.wait_for_status(message["action"])

    def wait_for_status(self, action):
        while (message := self.read_message())["action"] == "checkpoint":
            self.answer(message)
        assert message["responseFor"] == action

    def answer(self, checkpoint):
        number = checkpoint["sequenceNumber"]
        self.checkpoints.append((number, checkpoint["subSequenceNumber"]))
        self.send(checkpoint | {"error": self.answers.get(number)})

    def wait_until_read(self):
        """Waits until the program has read what was sent."""
        left = array.array("i", [1])
        deadline = time.monotonic() + PATIENCE
        while left[0] and time.monotonic() < deadline:
            fcntl.ioctl(self.process.stdin.fileno(), termios.FIONREAD, left)

    def initialize(self, sequence_number="TRIM_HORIZON"):
        self.ask({"shardId": SHARD_ID, "sequenceNumber": sequence_number, "subSequenceNumber": 0, "action": "initialize"})

    def process_records(self, *records):
        self.ask({"action": "processRecords", "records": list(records), "millisBehindLatest": 0})

    def lose_lease(self):
        self.ask({"action": "leaseLost"})

    def end_shard(self):
        self.ask({"action": "shardEnded"})

    def request_shutdown(self):
        self.ask({"action": "shutdownRequested"})

    def finish(self):
        """Closes the stream, as the daemon does; the exit code. Nothing may be left on stdout, nor running."""
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        try:
            message = self.read_message()
        except Ended:
            pass
        else:
            raise AssertionError(f"unasked for: {message}")
        code = self.process.wait(PATIENCE)
        self.wait_until_alone()
        return code

    def wait_for(self, condition):
        """Until that is true; the program must live on."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert self.process.poll() is None, f"ended with {self.process.returncode}:\n{self.stderr()}"
            assert time.monotonic() < deadline, self.stderr()
            time.sleep(0.01)

    def wait_until_told(self, text, times=1):
        """Until the log has had so many lines with this text. Checkpoints are answered meanwhile; no status may come."""

        def told():
            while b"\n" in self._pending or select.select([self.process.stdout], [], [], 0)[0]:
                message = self.read_message()
                assert message["action"] == "checkpoint", message
                self.answer(message)
            return self.told(text) >= times

        self.wait_for(told)

    def wait_until_alone(self, *expected):
        """Waits until nothing of ours runs but these; what was sent a SIGKILL takes a moment."""
        deadline = time.monotonic() + PATIENCE
        while (left := set(self.processes()) - set(expected)) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not left, "left running: " + ", ".join(self._command(pid) for pid in left)

    # ---- what it says on stderr

    def stderr(self):
        return self._stderr.read_text(encoding="utf-8", errors="replace")

    def log(self, level=None, source=None):
        lines = [json.loads(line) for line in self.stderr().split("\n")[:-1] if line.startswith('{"time":')]
        return [line for line in lines if level in (None, line["level"]) and source in (None, line["source"])]

    def told(self, text):
        """How many lines of the host's have this text."""
        return len([line for line in self.log(source="host") if text in line["message"]])

    def errors(self):
        return self.log("error", "host")

    # ---- its processes

    def processes(self):
        """The pids of the program and of everything that came from it, zombies aside."""
        marked = []
        for entry in os.listdir("/proc"):
            try:
                if entry.isdigit() and f"ZOO_MARK={self.mark}".encode() in pathlib.Path("/proc", entry, "environ").read_bytes():
                    marked.append(int(entry))
            except OSError:
                pass
        return marked

    @staticmethod
    def _command(pid):
        try:
            return f"{pid} " + pathlib.Path("/proc", str(pid), "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            return f"{pid} (gone by now)"
