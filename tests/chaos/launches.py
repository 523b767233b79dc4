"""The `kclhost launch`es of one application, each with a state directory of its own, as on machines of their own."""
import json
import os
import signal
from pathlib import Path

import fetch
import services

MARK = "KCLHOST_CHAOS"
# Everything that makes the KCL wait less, and small batches. Leases move without graceful hand-off: the KCL (3.1.3) loses
# sight of a lease that is handed off to a daemon that has just ended.
PROPERTIES = {"idleTimeBetweenReadsInMillis": 250, "maxRecords": 100, "callProcessRecordsEvenForEmptyRecordList": "true",
              "shutdownGraceMillis": 15000, "failoverTimeMillis": 10000, "leaseAssignmentIntervalMillis": 2000,
              "isGracefulLeaseHandoffEnabled": "false"}
JVM_OPTIONS = ["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]


class Launch:
    """One of them, started again and again under the same name."""

    def __init__(self, local: services.LocalServices, directory: Path, name: str, stream: str, application: str,
                 kclhost: Path, plugin: Path, plugin_config: dict, settings: dict):
        self.local, self.dir, self.name, self.kclhost = local, directory / name, name, kclhost
        self.out, self.state = self.dir / "out", self.dir / "state"
        self.out.mkdir(parents=True)
        self.process, self.starts = None, 0
        self.mark = f"{MARK}={self.dir}"
        properties = {**local.daemon_properties(), **PROPERTIES, "streamName": stream, "applicationName": application,
                      "workerIdentifier": f"{application}-{name}"}
        (self.dir / "kclhost.yaml").write_text(json.dumps({  # JSON is YAML
            "version": 1, "plugins_dir": str(plugin.parent), "state_dir": str(self.state),
            "plugin": {"path": plugin.name, "config": {"dir": str(self.out), **plugin_config}},
            "checkpoint": {"interval": "500ms"},
            "on_error": {"retry": {"max_attempts": 5, "initial_backoff": "10ms", "max_backoff": "100ms"}, "then": "dead_letter"},
            "timeouts": {"process_records": "3s", "shutdown": "5s"}, "log": {"level": "info", "format": "text"},
            "daemon": {"jars": str(fetch.daemon()), "jvm_options": JVM_OPTIONS,
                       "logback": str(fetch.ROOT / "config" / "daemon" / "logback.xml"), "properties": properties},
            **settings}))

    def keep_running(self):
        """What a service manager does: starts it again when it has ended, and nothing of it is left."""
        if self.process and self.process.running() or self.family():
            return
        self.starts += 1
        self.process = services.Process([self.kclhost, "launch", "--config", self.dir / "kclhost.yaml"],
                                        self.dir / "launch.log",
                                        env=self.local.environment(**{MARK: str(self.dir)}))

    def family(self) -> dict:
        """The processes that are this launch or came from it, zombies aside: role by process id."""
        mark, found = self.mark.encode(), {}
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (process / "environ").read_bytes().split(b"\0"):
                    found[int(process.name)] = role((process / "cmdline").read_bytes().split(b"\0"))
            except OSError:
                pass  # it has ended, or is not ours
        return found

    def stop(self):
        """In good order; its processes are waited for by who calls."""
        if self.process:
            self.process.send(signal.SIGTERM)

    def destroy(self):
        for pid in self.family():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        if self.process:
            self.process.stop(grace=0)

    def tail(self) -> str:
        return self.process.tail(30) if self.process else ""


def role(words: list) -> str:
    if words[1:2] == [b"launch"]:
        return "launch"
    if words[1:2] == [b"worker"]:
        return "worker"
    return "host" if words[1:2] == [b"run"] else "java"
