"""Plays the MultiLangDaemon to one `kclhost run`, and knows every process that comes from it."""
import json
import os
import select
import signal
import subprocess
import time
import uuid
from pathlib import Path

MARK = "KCLHOST_DRIVER_MARK"
PATIENCE = 120  # seconds; only a program that hangs takes as long


class Ended(Exception):
    """The host has closed its stdout."""


class Daemon:
    """One life of a host. `on_checkpoint(sequence, sub)` is asked for each checkpoint's error, `tick(daemon)` is called
    all the time, while there is something to wait for."""

    def __init__(self, command, environment: dict, stderr: Path, on_checkpoint, tick, prefix=()):
        self.mark = uuid.uuid4().hex
        self.on_checkpoint, self.tick = on_checkpoint, tick
        self.stderr = stderr
        self.endings = set()  # what was done to the daemon or the host so that this life ends
        self._in, self._out = b"", b""
        with open(stderr, "wb") as log:
            self.process = subprocess.Popen([*prefix, *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
                                            bufsize=0, process_group=0, env=environment | {MARK: self.mark})
        os.set_blocking(self.process.stdin.fileno(), False)

    # ---- the protocol

    def ask(self, action: str, message: bytes = None):
        """Sends a message and returns at its status; raises Ended when there is none."""
        self._out += message or json.dumps({"action": action}).encode() + b"\n"
        while True:
            answer = json.loads(self._read_line())
            if answer["action"] == "status":
                assert answer == {"action": "status", "responseFor": action}, answer
                assert not self._out, "answered before it was read"
                return
            assert answer.keys() == {"action", "sequenceNumber", "subSequenceNumber"}, answer
            assert answer["action"] == "checkpoint" and action not in ("initialize", "leaseLost"), answer
            number, sub = answer["sequenceNumber"], answer["subSequenceNumber"]
            error = self.on_checkpoint(number, sub)
            if not self.endings & {"cut", "gone"}:
                self._out += json.dumps({"action": "checkpoint", "sequenceNumber": number, "subSequenceNumber": sub,
                                         "error": error}).encode() + b"\n"

    def _read_line(self) -> bytes:
        deadline = time.monotonic() + PATIENCE
        while True:
            line, newline, rest = self._in.partition(b"\n")
            if newline:
                self._in = rest
                if line:
                    return line
                continue
            assert time.monotonic() < deadline, f"no answer from the host; its log ends with\n{self.tail()}"
            self.tick(self)
            self._move()

    def _move(self):
        if self.process.stdout is None:
            raise Ended
        out = [self.process.stdin] if self._out and self.process.stdin else []
        readable, writable, _ = select.select([self.process.stdout], out, [], 0.002)
        if writable:
            try:
                self._out = self._out[os.write(self.process.stdin.fileno(), self._out):]
            except BlockingIOError:
                pass
            except BrokenPipeError:
                self._out = b""  # its end shows on stdout
        if readable:
            read = os.read(self.process.stdout.fileno(), 1 << 16)
            if not read:
                assert not self._in.strip(b"\n"), f"stdout ends within a line: {self._in!r}"
                raise Ended
            self._in += read

    # ---- what is done to it

    def close_in(self, ending: str):
        """The daemon's end of stdin is gone; what was not written yet is not written."""
        self.endings.add(ending)
        self._out = b""
        if self.process.stdin:
            self.process.stdin.close()
            self.process.stdin = None

    def send_piece(self, message: bytes):
        """The beginning of a message, and nothing after it."""
        try:
            os.write(self.process.stdin.fileno(), message)
        except (BlockingIOError, BrokenPipeError):
            pass

    def close_both(self, ending: str):
        """As when the daemon is killed."""
        self.close_in(ending)
        self.process.stdout.close()
        self.process.stdout = None

    def kill(self):
        self.endings.add("killed")
        self.process.kill()

    def wait(self) -> int:
        """For the host's end; the exit code. Nothing of it may be left running."""
        code = self._until(self.process.poll, "the host's end")
        self._until(lambda: True if not self.family() else None, "all its processes' end")
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                pipe.close()
        return code

    def destroy(self):
        """Whatever state it is in."""
        if self.process.poll() is None:
            self.process.kill()
        for pid in self.family():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()

    def _until(self, condition, what: str):
        deadline = time.monotonic() + PATIENCE
        while (result := condition()) is None:
            assert time.monotonic() < deadline, f"waited for {what}; left {self.family()}; its log ends with\n{self.tail()}"
            self.tick(self)
            time.sleep(0.002)
        return result

    # ---- what there is to see

    def tail(self) -> str:
        return "\n".join(line[:600] for line in self.stderr.read_text(errors="replace").splitlines()[-30:])

    def workers(self) -> list:
        """The process ids of the workers that the host has now."""
        pid = self.process.pid
        try:
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        except OSError:
            return []
        return [int(child) for child in children]

    def family(self) -> list:
        """The processes that came from this life and still run, zombies aside."""
        mark, found = f"{MARK}={self.mark}".encode(), []
        for entry in os.listdir("/proc"):
            if not entry.isdigit() or int(entry) == os.getpid():
                continue
            try:
                if mark in Path("/proc", entry, "environ").read_bytes():
                    found.append(int(entry))
            except OSError:
                pass
        return found
