"""The unit under a systemd, which runs as somebody's own here: what only the machine's first may do, the sandbox and the user, is left
out of the unit."""
import os
import re
import signal
import subprocess
from pathlib import Path

import pytest
from conftest import FILES, KCLHOST, PLUGINS, ROOT
from services import Process, wait_for

CONFIG = """\
version: 1
plugins_dir: {plugins}
plugin: {{path: noop.so}}
state_dir: {directory}/state
timeouts: {{shutdown: 3s}}
daemon: {{java: {java}, prime: false, jars: {directory}/jars, logback: {directory}/logback.xml,
         properties: {{streamName: words, applicationName: app}}}}
"""
# It runs where the machine was started by one: of that there is nothing but this folder to be seen.
START = "mount -t tmpfs tmpfs /run; mkdir -p /run/systemd/system; exec /lib/systemd/systemd --user --unit=basic.target"
UNITS = {"basic.target": "[Unit]\nDescription=all that there is\n",
         "probe.service": "[Service]\nType=oneshot\nExecStart=/bin/true\n"}


class Systemd:
    def __init__(self, directory, service):
        runtime, units = directory / "runtime", directory / "units"
        runtime.mkdir(mode=0o700)
        units.mkdir()
        for name, text in {**UNITS, "kclhost.service": service}.items():
            (units / name).write_text(text)
        self.environment = {**os.environ, "XDG_RUNTIME_DIR": str(runtime), "SYSTEMD_UNIT_PATH": str(units), "SYSTEMD_LOG_TARGET": "console"}
        as_root = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
        self.process = Process(["unshare", *as_root, "--mount", "sh", "-ec", START], directory / "systemd.log", env=self.environment)
        wait_for(lambda: (runtime / "systemd/private").exists() or not self.process.running(), "systemd")

    def __call__(self, *words):
        return subprocess.run(["systemctl", "--user", *words], env=self.environment, capture_output=True, text=True)

    def show(self, name):
        return self("show", "--property", name, "--value", "kclhost").stdout.strip()


@pytest.fixture
def directory(tmp_path_factory):
    return tmp_path_factory.mktemp("s")  # short: there are sockets in it


@pytest.fixture
def config(directory):
    (directory / "jars").mkdir()
    (directory / "jars/amazon-kinesis-client-multilang-9.jar").touch()
    (directory / "logback.xml").touch()
    file = directory / "kclhost.yaml"
    file.write_text(CONFIG.format(plugins=PLUGINS, directory=directory, java=ROOT / "tests/launch/fake_java.py"))
    return file


@pytest.fixture
def systemd(directory, config):
    text, _, _ = (FILES / "kclhost.service").read_text().partition("# No more rights")
    text = re.sub(r"^(User|Group|EnvironmentFile|StateDirectory\w*)=.*\n", "", text, flags=re.MULTILINE)
    for theirs, ours in (("/usr/bin/kclhost", str(KCLHOST)), ("/etc/kclhost/kclhost.yaml", str(config)), ("WatchdogSec=60", "WatchdogSec=3"),
                         ("RestartSec=5", "RestartSec=0"), ("KCLHOST_STATE_DIR=%S/kclhost", f"FAKE_DIR={directory}")):
        assert theirs in text
        text = text.replace(theirs, ours)
    systemd = Systemd(directory, text)
    try:
        if not systemd.process.running() or systemd("start", "probe").returncode:
            pytest.skip("no systemd can be run here: " + systemd.process.tail())
        yield systemd
        systemd("stop", "kclhost")
    finally:
        systemd.process.stop(grace=0)


def test_it_starts_reloads_is_watched_and_stops(systemd, config, directory):
    started = systemd("start", "kclhost")
    assert started.returncode == 0, systemd.process.tail()
    assert systemd.show("StatusText") == "the daemon runs"
    launch = systemd.show("MainPID")
    assert b"launch" in Path(f"/proc/{launch}/cmdline").read_bytes()
    assert systemd("reload", "kclhost").returncode == 0

    good = config.read_text()
    config.write_text(good.replace("noop.so", "absent.so"))
    assert systemd("reload", "kclhost").returncode != 0
    assert (systemd.show("ActiveState"), systemd.show("MainPID")) == ("active", launch)
    config.write_text(good)
    assert systemd("reload", "kclhost").returncode == 0

    def until_the_daemon_works():
        wait_for(lambda: (directory / "report").exists(), "the daemon")
        for note in map(directory.joinpath, ("report", "term")):  # what it wrote
            note.unlink(missing_ok=True)

    until_the_daemon_works()
    os.kill(int(launch), signal.SIGSTOP)
    wait_for(lambda: systemd.show("NRestarts") == "1" and systemd.show("SubState") == "running", "systemd to start it again")
    assert systemd.show("MainPID") != launch
    until_the_daemon_works()
    assert systemd("stop", "kclhost").returncode == 0
    assert (systemd.show("Result"), systemd.show("ActiveState")) == ("success", "inactive")
    assert (directory / "term").exists()
