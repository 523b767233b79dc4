import base64
import json
import os
import signal
import socket
import subprocess

import pytest
from conftest import folder

INITIALIZE = b'{"action":"initialize","shardId":"shardId-000000000000","sequenceNumber":"TRIM_HORIZON","subSequenceNumber":0}\n'


@pytest.mark.parametrize("text, said", [
    (None, "kclhost.yaml:1:1: "),
    ("version: 1\nplugin: {path: a.so}\nplugin_dir: x\n", "kclhost.yaml:3:1: "),
    ("version: [\n", "kclhost.yaml:"),
])
def test_a_bad_configuration(kclhost, configuration, text, said):
    configuration.path.unlink()
    if text:
        configuration.path.write_text(text)
    assert said in kclhost("run", "--config", configuration.path, stdin=INITIALIZE).complaint(2)


def test_a_plugin_that_is_not_there(kclhost, configuration):
    configuration.write("missing.so")
    assert "missing.so" in kclhost("run", "--config", configuration.path, stdin=INITIALIZE).complaint(3)


def test_a_daemon_that_says_nothing(kclhost, configuration):
    done = kclhost("run", "--config", configuration.path)
    assert (done.code, done.stdout) == (0, "")


@pytest.mark.parametrize("line, said", [
    (b"hello\n", "near \\\"hello\\\""),
    (b"\n", "is no MultiLang message"),
    (b"\xff\x00\x1b[2J\n", "\\\\xff\\\\x00\\\\x1b[2J"),
    (b'{"action":"restart"}\n', "an action that kclhost does not know"),
    (b'{"action":"initialize","shardId":""}\n', 'near \\"{\\"action\\":\\"initialize\\",'),
    (b'{"action":"leaseLost"}\n', "not initialize"),
    (b'{"action":"processRecords","records":[{"data":"!","sequenceNumber":"1"}]}\n', "not base64"),
])
def test_what_is_no_message_is_an_error_with_its_place(kclhost, configuration, line, said):
    done = kclhost("run", "--config", configuration.path, stdin=line)
    assert (done.code, done.stdout) == (2, "")
    assert said in done.stderr.splitlines()[-1]


class Host:
    """kclhost run, spoken to message by message as the daemon does."""

    def __init__(self, configuration, stderr=subprocess.PIPE, **environment):
        self.process = subprocess.Popen([folder("KCLHOST_BIN_DIR") / "kclhost", "run", "--config", configuration.path],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr,
                                        env=os.environ | environment)

    def say(self, message):
        self.process.stdin.write(message)
        self.process.stdin.flush()

    def status(self):
        """What it acknowledges next."""
        assert self.process.stdout.readline() == b"\n"
        message = json.loads(self.process.stdout.readline())
        assert message.pop("action") == "status"
        return message["responseFor"]

    def end(self):
        """Closes its input; returns its exit code, and what it printed on both streams that was not read yet."""
        stdout, stderr = self.process.communicate(timeout=60)
        return self.process.returncode, stdout, (stderr or b"").decode()


@pytest.fixture
def host(configuration):
    host = Host(configuration)
    yield host
    host.process.kill()
    host.process.communicate()


@pytest.mark.parametrize("isolation", ["process", "none"])
@pytest.mark.parametrize("plugin, unfit, said", [
    ("word_counter.so", "{no_such_option: 1}", "'plugin.config.no_such_option' does not fit the plugin's schema: "),
    ("word_counter.so", "{top: [many], report_interval_seconds: often}", ", and 1 more (kclhost check "),
    ("teller.so", "[1]", "'plugin.config' does not fit the plugin's schema: "),
])
def test_a_configuration_that_the_plugins_schema_refuses(configuration, isolation, plugin, unfit, said):
    configuration.write(plugin, plugin_more=f"config: {unfit}", more=f"isolation: {isolation}\n",
                        plugins_dir=folder("KCLHOST_CORE_PLUGINS_DIR") if plugin == "teller.so" else None)
    host = Host(configuration)
    host.say(INITIALIZE)
    [line] = [line for line in map(json.loads, host.process.stderr.readlines()) if line["level"] == "error"]
    assert said in line["message"]
    assert host.end()[0] == 3


def test_statuses_are_all_that_stdout_gets(host):
    host.say(INITIALIZE)
    assert host.status() == "initialize"
    for action in (b"shutdownRequested", b"leaseLost"):
        host.say(b'{"action":"%s"}\n' % action)
        assert host.status() == action.decode()
    code, stdout, stderr = host.end()
    assert (code, stdout) == (0, b""), stderr


def test_batches_sent_ahead(host):
    for number in range(1, 5):
        host.say((INITIALIZE if number == 1 else b"") + json.dumps({"action": "processRecords", "records": [
            {"data": base64.b64encode(bytes(300_000)).decode(), "sequenceNumber": str(number)}]}).encode() + b"\n")
    assert [host.status() for _ in range(5)] == ["initialize"] + 4 * ["processRecords"]
    host.say(b'{"action":"leaseLost"}\n')
    assert host.status() == "leaseLost"
    code, _, stderr = host.end()
    assert code == 0 and "records=4 bytes=1200000" in stderr


def test_a_message_cut_short(host):
    host.say(INITIALIZE)
    assert host.status() == "initialize"
    host.say(b'{"action":"leaseLo')
    code, stdout, stderr = host.end()
    assert (code, stdout) == (4, b"")
    assert "went away" in stderr.splitlines()[-1]


@pytest.mark.parametrize("way", ["pipe", "terminal", "socket", "launcher"])
def test_a_log_that_nobody_reads_stops_nothing(configuration, tmp_path, way):
    """The plugin logs each record: far more than any buffer on the way takes."""
    configuration.write("teller.so", plugins_dir=folder("KCLHOST_CORE_PLUGINS_DIR"))
    environment = {}
    if way == "pipe":
        ends = os.pipe()
    elif way == "terminal":
        ends = os.openpty()
    elif way == "socket":
        ends = [end.detach() for end in socket.socketpair()]
    else:
        launcher = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        launcher.bind(str(tmp_path / "log"))
        environment["KCLHOST_LOG_SOCKET"] = str(tmp_path / "log")
        ends = os.open(os.devnull, os.O_RDONLY), os.open(os.devnull, os.O_WRONLY)
    host = Host(configuration, stderr=ends[1], **environment)
    os.close(ends[1])
    try:
        host.say(INITIALIZE)
        assert host.status() == "initialize"
        records = [{"data": base64.b64encode(b"x" * 1000).decode(), "sequenceNumber": str(number)} for number in range(1, 51)]
        for _ in range(40):
            host.say(json.dumps({"action": "processRecords", "records": records}).encode() + b"\n")
            assert host.status() == "processRecords"
        host.say(b'{"action":"leaseLost"}\n')
        assert host.status() == "leaseLost"
        assert host.end()[0] == 0
    finally:
        host.process.kill()
        host.process.communicate()
        os.close(ends[0])


def test_signals_to_its_group_do_not_end_it(host):
    host.say(INITIALIZE)
    assert host.status() == "initialize"
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        host.process.send_signal(number)
    host.say(b'{"action":"shutdownRequested"}\n')
    assert host.status() == "shutdownRequested"
    assert host.end()[0] == 0


def test_a_daemon_that_no_longer_reads(configuration):
    reading, writing = os.pipe()
    with subprocess.Popen([folder("KCLHOST_BIN_DIR") / "kclhost", "run", "--config", configuration.path],
                          stdin=subprocess.PIPE, stdout=writing, stderr=subprocess.PIPE) as process:
        os.close(writing)
        os.close(reading)
        process.stdin.write(INITIALIZE)
        process.stdin.flush()
        log = process.stderr.read()
        assert process.wait(timeout=60) == 4, log


@pytest.mark.parametrize("closed", ["<&-", ">&-"])
def test_without_standard_input_or_output(configuration, closed):
    done = subprocess.run(["sh", "-c", f'exec "$0" run --config "$1" {closed}',
                           folder("KCLHOST_BIN_DIR") / "kclhost", configuration.path],
                          stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, stdout=subprocess.PIPE, timeout=60)
    assert done.returncode == 2
    assert b"standard input or output is closed" in done.stderr
    assert len(done.stderr.splitlines()) == 1
