"""kclhost replay as the driver of a child."""
import json
import os
import shutil
import subprocess
from pathlib import Path


class Driver:
    """Plays the daemon, through a pipe as the daemon makes it: what a child does about its size is part of its cost.
    It is a copy of the program, so that it shares no page of it with the kclhost that is measured."""

    def __init__(self, build: Path, folder: Path):
        self.program = folder / "driver"
        shutil.copy(build / "bin" / "kclhost", self.program)
        self.folder = folder
        self.started = 0

    def start(self, child, source, *, repeat=1, **options) -> "Replay":
        """Starts a replay of an Input to a child; options are replay's own, linger=2 for --linger 2."""
        self.started += 1
        more = [f"--{key}={value}" for key, value in options.items()]
        report = self.folder / f"report-{self.started}.json"
        command = [self.program, "replay", "--quiet", "--pipe-size", 0, "--report", report, "--exec", child.command,
                   "--repeat", repeat, "--batch", max(source.records, 1), *more,
                   source.file(self.folder)]
        return Replay(child, source, report, [str(word) for word in command])

    def run(self, child, source, **options) -> dict:
        return self.start(child, source, **options).finish()


class Replay:
    def __init__(self, child, source, report, command):
        self.child, self.source, self.report = child, source, report
        self.errors = report.with_suffix(".stderr")
        with open(self.errors, "wb") as errors:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors,
                                            env={**os.environ, **child.env})

    def finish(self) -> dict:
        """Waits for its end; the report it wrote."""
        code = self.process.wait()
        if code != 0:
            complaint = self.errors.read_text(errors="replace")
            raise RuntimeError(f"{self.child.name}, {self.source.name}: replay ended with {code}: {complaint}")
        report = json.loads(self.report.read_text())
        self.report.unlink()
        self.errors.unlink()
        return report
