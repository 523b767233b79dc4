"""kclhost launch, with a script in Java's place."""
import contextlib
import hashlib
import json
import os
import re
import shlex
import signal
import stat
import subprocess
import threading
import time
from pathlib import Path

import pytest
from services import Process, wait_for

FAKE_JAVA = Path(__file__).with_name("fake_java.py")
PLUGINS = Path(os.environ.get("KCLHOST_PLUGINS_DIR") or Path(__file__).parents[2] / "build" / "dev" / "plugins")

CONFIG = """\
version: 1
plugins_dir: {plugins}
plugin: {{path: {plugin}}}
state_dir: {state}
timeouts: {timeouts}
daemon:
  java: {java}
  prime: {prime}
  jvm_options: [{jvm_options}]
  jars: {directory}/jars
  logback: {directory}/logback.xml
  properties: {{{properties}}}
"""


class Launcher:
    """One configuration, and kclhost launch with it."""

    def __init__(self, kclhost, directory):
        self.kclhost = kclhost
        self.directory = directory
        self.values = {"directory": directory, "plugins": PLUGINS, "plugin": "noop.so", "state": directory / "state", "java": FAKE_JAVA,
                       "prime": "true", "timeouts": "{shutdown: 3s}", "jvm_options": "-Xmx100m",
                       "properties": "streamName: words, applicationName: app"}
        self.config = directory / "kclhost.yaml"
        self.processes = []
        (directory / "jars").mkdir()
        (directory / "jars" / "amazon-kinesis-client-multilang-9.jar").touch()
        (directory / "logback.xml").touch()

    def command(self, *options):
        self.config.write_text(CONFIG.format(**self.values))
        return [self.kclhost, "launch", "--config", self.config, *options]

    def run(self, *options, fake="", path=None):
        """To its end; the process as subprocess.run gives it."""
        env = dict(os.environ, FAKE=fake, FAKE_DIR=str(self.directory))
        if path:
            env["PATH"] = path
        return subprocess.run(self.command(*options), env=env, capture_output=True, text=True, timeout=120)

    def start(self, fake=""):
        """In the background, until Java is ready."""
        process = Process(self.command(), self.directory / "launch.log",
                          env=dict(os.environ, FAKE=fake, FAKE_DIR=str(self.directory)))
        self.processes.append(process)
        self.wait_for(process, "report")
        return process

    def wait_for(self, process, name):
        wait_for(lambda: self.has(name) or not process.running(), name)
        assert self.has(name), process.output()

    def has(self, name):
        return (self.directory / name).exists()

    def text(self, name):
        return (self.directory / name).read_text()

    def report(self):
        return json.loads(self.text("report"))

    def let(self, name):
        (self.directory / name).touch()

    def clean_up(self):
        for name in ("release", "release-orphan", "answer"):
            self.let(name)
        for process in self.processes:
            process.stop()
        if self.has("report"):
            kill(self.report()["pid"])
        if self.has("orphan"):
            for pid in self.text("orphan").split():
                kill(int(pid))


def alive(pid):
    """Whether it runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def kill(pid):
    # Only what is still ours: ids are used again.
    try:
        ours = b"fake_java.py" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return
    if ours:
        os.kill(pid, signal.SIGKILL)


def messages(text):
    """Of the log's lines; what is no JSON stands for itself."""
    def message(line):
        try:
            return json.loads(line)["message"]
        except ValueError:
            return line

    return [message(line) for line in text.removesuffix("\n").split("\n")]


def after_start(text):
    """The messages after the one that says what runs."""
    first, *rest = messages(text)
    assert first.startswith("kclhost "), text
    return rest


def only(texts):
    text, = texts
    return text


def one_line(text):
    assert text.count("\n") == 1, text
    return text


@pytest.fixture
def launcher(kclhost, tmp_path):
    launcher = Launcher(kclhost, tmp_path)
    yield launcher
    launcher.clean_up()


def properties(launcher):
    done = launcher.run("--print-properties")
    assert done.returncode == 0, done.stderr
    return dict(line.split("=", 1) for line in done.stdout.splitlines())


# ---- What it would start -----------------------------------------------------------------------------------------------


def test_adds_what_the_daemon_lacks(launcher):
    assert properties(launcher) == {
        "streamName": "words",
        "applicationName": "app",
        "executableName": f"{launcher.kclhost} run --config {launcher.config}",
        "processingLanguage": "cpp/20",
        "awsCredentialsProvider": "DefaultCredentialsProvider",
        "callProcessRecordsEvenForEmptyRecordList": "true",
        "idleTimeBetweenReadsInMillis": "200",
        "isGracefulLeaseHandoffEnabled": "true",
        "leaseAssignmentIntervalMillis": "5000",  # half of failoverTimeMillis, whose default is 10 s
        "maxRecords": "200",  # for a heap of 100m
        "millisBehindLatestThresholdForReducedTps": "1500",
        "varianceBalancingFrequency": "12",
        "shardSyncIntervalMillis": "1000",
        "shutdownGraceMillis": "13000",  # timeouts.shutdown and ten seconds
    }
    assert not launcher.has("state"), "printing the properties writes nothing"


@pytest.mark.parametrize("version, handoff", [("3.1.3", "false"), ("3.4.9", "false"), ("3.5.0", "true"), ("3.5.1", "true"),
                                              ("3.10.0", "true"), ("4.0.0", "true"), ("unknown", "false")])
def test_hands_over_where_the_daemon_can(launcher, version, handoff):
    jars = launcher.directory / "jars"
    (jars / "amazon-kinesis-client-multilang-9.jar").rename(jars / f"amazon-kinesis-client-multilang-{version}.jar")
    assert properties(launcher)["isGracefulLeaseHandoffEnabled"] == handoff


@pytest.mark.parametrize("heap, records, pause", [("-Xmx64m", "200", "200"), ("-Xmx300m", "300", "200"), ("-Xmx800m", "800", "400"),
                                                  ("-Xmx1g", "2000", "1000")])
def test_reads_no_more_than_the_heap_has_room_for(launcher, heap, records, pause):
    launcher.values["jvm_options"] = heap
    got = properties(launcher)
    assert (got["maxRecords"], got["idleTimeBetweenReadsInMillis"]) == (records, pause)


def test_the_pauses_of_reads_that_the_user_limits_are_the_kcls(launcher):
    launcher.values["properties"] += ", maxRecords: 5000"
    got = properties(launcher)
    assert got["maxRecords"] == "5000"
    assert "idleTimeBetweenReadsInMillis" not in got and "millisBehindLatestThresholdForReducedTps" not in got


def test_an_old_daemon_reads_at_the_kcls_pace(launcher):
    jars = launcher.directory / "jars"
    (jars / "amazon-kinesis-client-multilang-9.jar").rename(jars / "amazon-kinesis-client-multilang-3.0.2.jar")
    got = properties(launcher)
    assert got["maxRecords"] == "3000" and "idleTimeBetweenReadsInMillis" not in got


@pytest.mark.parametrize("pause, records", [("50", "200"), ("1000", "2000"), ("9000", "10000")])
def test_a_read_brings_what_arrives_in_the_pause_that_the_user_sets(launcher, pause, records):
    launcher.values["properties"] += f", idleTimeBetweenReadsInMillis: {pause}"
    got = properties(launcher)
    assert (got["maxRecords"], got["idleTimeBetweenReadsInMillis"]) == (records, pause)


def test_the_heap_is_the_configurations(launcher):
    launcher.values["jvm_options"] = ""
    launcher.values["java"] = f"{FAKE_JAVA}\n  heap: 300MiB\n  profile: small"
    words = shlex.split(launcher.run("--print-command").stdout)
    assert "-Xmx300m" in words and "-XX:TieredStopAtLevel=1" in words
    assert properties(launcher)["maxRecords"] == "300"


def test_what_the_user_sets_wins(launcher):
    launcher.values["properties"] = ("streamArn: 'arn:x', applicationName: app, shutdownGraceMillis: 5, "
                                     "executableName: my own, callProcessRecordsEvenForEmptyRecordList: false, "
                                     "isGracefulLeaseHandoffEnabled: false, shardSyncIntervalMillis: 7, "
                                     "leaseAssignmentIntervalMillis: 8, "
                                     "awsCredentialsProvider: ProfileCredentialsProvider")
    got = properties(launcher)
    assert got["streamArn"] == "arn\\:x"
    assert got["shutdownGraceMillis"] == "5"
    assert got["executableName"] == "my own"
    assert got["callProcessRecordsEvenForEmptyRecordList"] == "false"
    assert got["isGracefulLeaseHandoffEnabled"] == "false"
    assert got["shardSyncIntervalMillis"] == "7"
    assert got["leaseAssignmentIntervalMillis"] == "8"
    assert "varianceBalancingFrequency" not in got, "it counts the user's intervals"
    assert got["awsCredentialsProvider"] == "ProfileCredentialsProvider"


def test_an_empty_property_is_left_out(launcher):
    launcher.values["properties"] += ", kinesisEndpoint: ''"
    assert "kinesisEndpoint" not in properties(launcher)


def test_prints_the_class_path(launcher):
    jars = launcher.directory / "jars"
    assert launcher.run("--print-classpath").stdout == f"{jars}/amazon-kinesis-client-multilang-9.jar\n"
    for name in ("b.jar", "a.jar", "notes.txt", "classes.jsa"):
        (jars / name).touch()
    assert launcher.run("--print-classpath").stdout == \
        f"{jars}/a.jar:{jars}/amazon-kinesis-client-multilang-9.jar:{jars}/b.jar\n"


def test_a_jar_with_a_colon_in_its_name_is_refused(launcher):
    (launcher.directory / "jars" / "a:b.jar").touch()
    done = launcher.run("--print-classpath")
    assert done.returncode == 2
    assert f"rename {launcher.directory}/jars/a:b.jar" in one_line(done.stderr)


def test_the_printed_command_can_be_run(launcher):
    command = launcher.run("--print-command").stdout
    file = Path(shlex.split(command)[-3])
    assert shlex.split(command) == [
        str(FAKE_JAVA), "-Dfile.encoding=UTF-8", "-XX:+ExitOnOutOfMemoryError", "-Xms32m", "-XX:+UseSerialGC",
        "-Dsun.misc.unsafe.memory.access=allow", "-XX:Tier4InvocationThreshold=20000", "-XX:Tier4MinInvocationThreshold=2400",
        "-XX:Tier4CompileThreshold=60000", "-Xmx100m", "-cp",
        f"{launcher.directory}/jars/amazon-kinesis-client-multilang-9.jar",
        "software.amazon.kinesis.multilang.MultiLangDaemon", "--properties-file", str(file), "--log-configuration",
        f"{launcher.directory}/logback.xml"]
    assert file.read_text() == launcher.run("--print-properties").stdout
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_options_go_over_the_configuration(launcher):
    words = shlex.split(launcher.run("--print-command", "--java", "/other/java", "--log-configuration", "/l.xml").stdout)
    assert words[0] == "/other/java"
    assert words[-1] == "/l.xml"


# ---- The class archive -------------------------------------------------------------------------------------------------


def archive_options(launcher):
    return ["-XX:SharedArchiveFile=" + str(launcher.directory / "jars" / "classes.jsa"), "-Xlog:cds=off"]


def test_a_class_archive_that_fits_is_used(launcher):
    (launcher.directory / "jars" / "classes.jsa").write_text("fits")
    process = launcher.start()
    assert [word for word in launcher.report()["argv"] if word in archive_options(launcher)] == archive_options(launcher)
    process.send(signal.SIGTERM)
    assert process.wait() == 0
    assert after_start(process.output()) == []


def test_a_class_archive_that_does_not_fit_is_left_out(launcher):
    (launcher.directory / "jars" / "classes.jsa").write_text("of another Java")
    process = launcher.start()
    assert not [word for word in launcher.report()["argv"] if word in archive_options(launcher)]
    process.send(signal.SIGTERM)
    assert process.wait() == 0
    told, *rest = messages(process.output())
    assert "classes.jsa was not made by this Java" in told
    assert told.endswith(f": kclhost fetch-daemon --archive-only --config {launcher.config}")
    assert len(rest) == 1, rest


POM = Path(__file__).parents[2] / "config" / "daemon" / "pom.xml"


def has_fetched(launcher, version, *, pom=POM.read_bytes(), files=True):
    """As kclhost fetch-daemon leaves it; without files: what somebody deleted most of."""
    jars = launcher.directory / "jars"
    jar = jars / f"amazon-kinesis-client-multilang-{version}.jar"
    (jars / "amazon-kinesis-client-multilang-9.jar").unlink()
    (jars / ".complete").write_text(f"{hashlib.sha256(pom).hexdigest()} {version}\n{jar.name}\n")
    if files:
        jar.touch()
    return jar


def follow(launcher, cure):
    """Where Maven would be noticed."""
    program, *words = shlex.split(cure)
    assert program == "kclhost"
    (launcher.directory / "bin").mkdir()
    maven = launcher.directory / "bin" / "mvn"
    maven.write_text(f"#!/bin/sh\necho \"$@\" >{launcher.directory}/maven\nexit 1\n")
    maven.chmod(0o755)
    env = dict(os.environ, FAKE_DIR=str(launcher.directory), PATH=f"{maven.parent}:{os.environ['PATH']}")
    return subprocess.run([launcher.kclhost, *words], env=env, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("pom", [POM.read_bytes(), b"the user's own"], ids=["shipped", "own"])
def test_the_cure_for_a_class_archive_keeps_the_daemon(launcher, pom):
    jar = has_fetched(launcher, "3.5.1", pom=pom)
    archive = launcher.directory / "jars" / "classes.jsa"
    archive.write_text("of another Java")
    told = messages(launcher.run(fake="exit-0").stderr)[0]
    done = follow(launcher, told.rpartition("make it anew: ")[2])
    assert done.returncode == 0, done.stderr
    assert jar.exists() and archive.read_text() == "fits" and not launcher.has("maven")
    assert "classes.jsa" not in launcher.run(fake="exit-0").stderr


def test_the_cure_for_a_class_archive_names_the_java_that_was_named(launcher):
    (launcher.directory / "jars" / "classes.jsa").write_text("of another Java")
    (launcher.directory / "other java").symlink_to(FAKE_JAVA)
    told = messages(launcher.run("--java", launcher.directory / "other java", fake="exit-0").stderr)[0]
    assert told.endswith(f" --config {launcher.config} --java '{launcher.directory}/other java'")


@pytest.mark.parametrize("option", ["-Xshare:off", "-XX:SharedArchiveFile=/mine.jsa", "-XX:AOTCache=/mine.aot"])
def test_another_class_archive_is_the_users_choice(launcher, option):
    (launcher.directory / "jars" / "classes.jsa").write_text("fits")
    launcher.values["jvm_options"] = option
    words = shlex.split(launcher.run("--print-command").stdout)
    assert option in words
    assert not [word for word in words if word in archive_options(launcher)]


# ---- What keeps it from starting ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("given, missing", [("applicationName: app", "streamName"), ("streamName: words", "applicationName")])
def test_a_missing_property_is_named(launcher, given, missing):
    launcher.values["properties"] = given
    done = launcher.run()
    assert done.returncode == 2
    assert missing in one_line(done.stderr)


def test_a_bad_configuration_is_refused(launcher):
    launcher.values["properties"] += ", streamNane: x"
    done = launcher.run()
    assert done.returncode == 2
    assert "kclhost.yaml:" in one_line(done.stderr)


def test_a_path_with_a_blank_is_refused(launcher):
    blank = launcher.directory / "with blank"
    blank.mkdir()
    launcher.config = blank / "kclhost.yaml"
    done = launcher.run()
    assert done.returncode == 2
    assert "blank" in one_line(done.stderr)


def test_missing_jars_name_the_cure(launcher):
    (launcher.directory / "jars" / "amazon-kinesis-client-multilang-9.jar").unlink()
    done = launcher.run()
    assert done.returncode == 1
    assert one_line(done.stderr).endswith(f"run: kclhost fetch-daemon --config {launcher.config}\n")


@pytest.mark.parametrize("pom", [POM.read_bytes(), b"the user's own"], ids=["shipped", "own"])
def test_the_cure_for_missing_jars_brings_the_version_that_was_there(launcher, pom):
    has_fetched(launcher, "3.5.1", pom=pom, files=False)
    told = one_line(launcher.run().stderr)
    follow(launcher, told.rpartition("run: ")[2])
    assert "-DdaemonVersion=3.5.1" in launcher.text("maven").split()


def test_the_cure_for_missing_jars_names_the_java_that_was_named(launcher):
    (launcher.directory / "jars" / "amazon-kinesis-client-multilang-9.jar").unlink()
    assert one_line(launcher.run("--java", "/other/java").stderr).endswith(" --java /other/java\n")


def test_jars_that_are_not_set(launcher, kclhost):
    launcher.command()
    launcher.config.write_text("".join(line for line in launcher.text("kclhost.yaml").splitlines(True) if "jars:" not in line))
    for option, code in [("--print-classpath", 2), ("--print-command", 2), ("--java=x", 2), ("--print-properties", 0)]:
        done = subprocess.run([kclhost, "launch", "--config", launcher.config, option], capture_output=True, text=True)
        assert done.returncode == code
        assert "daemon.jars" in one_line(done.stderr) if code else done.stderr == ""


def test_missing_java_names_the_cure(launcher):
    launcher.values["java"] = "java"
    done = launcher.run(path="/nonexistent")
    assert done.returncode == 1
    assert "default-jre-headless" in one_line(done.stderr)


# ---- While it runs -----------------------------------------------------------------------------------------------------


def test_starts_java_and_stops_it_in_order(launcher):
    process = launcher.start()
    report = launcher.report()
    printed = shlex.split(launcher.run("--print-command").stdout)
    assert "-XX:+ExitOnOutOfMemoryError" in printed
    # The one that runs has a name of its own in its properties.
    file = printed.index("--properties-file") + 1
    assert report["argv"][:file] + report["argv"][file + 1:] == printed[:file] + printed[file + 1:]
    assert report["pgid"] == report["pid"]
    assert report["stdin"] == "/dev/null"
    assert report["blocked"] == []
    socket = Path(report["socket"])
    assert socket.parent == launcher.directory / "state" / "run"
    process.send(signal.SIGTERM)
    assert process.wait() == 0, process.output()
    assert launcher.text("term") == "\n", "one SIGTERM"
    assert after_start(process.output()) == []
    assert not socket.exists()


def test_another_way_to_stop_it(launcher):
    process = launcher.start()
    process.send(signal.SIGINT)
    assert process.wait() == 0, process.output()
    assert launcher.has("term")


def test_two_signals_in_one_breath_are_one_request(launcher):
    process = launcher.start("slow")
    process.send(signal.SIGTERM)
    process.send(signal.SIGINT)
    launcher.wait_for(process, "term")
    launcher.let("release")
    assert process.wait() == 0, process.output()
    assert launcher.text("term") == "\n"


def test_a_later_signal_kills_the_whole_group(launcher):
    process = launcher.start("stubborn")
    wait_for(lambda: launcher.has("orphan") and len(launcher.text("orphan").split()) == 2, "two orphans")

    def signal_again():
        # Also while it ends: some of a thousand arrive when all of the group is gone.
        for _ in range(1000):
            process.send(signal.SIGTERM)
        return not process.running()

    wait_for(signal_again, "launch to end")
    assert process.wait() == 1
    assert "killed" in only(after_start(process.output()))
    assert not alive(launcher.report()["pid"])
    assert not any(alive(pid) for pid in launcher.text("orphan").split())


@pytest.mark.parametrize("fake, told", [("exit-0", "exit status 0"), ("exit-1", "exit status 1"), ("killed", "SIGKILL"),
                                        ("killed-by-34", "signal 34")])
def test_a_daemon_that_ends_by_itself_is_a_failure(launcher, fake, told):
    done = launcher.run(fake=fake)
    assert done.returncode == 1
    assert told in only(after_start(done.stderr))


def test_an_end_is_noticed_though_whoever_started_it_ignores_those_of_its_children(launcher):
    process = in_background(launcher, "env", "--ignore-signal=CHLD", fake="exit-1")
    assert process.wait() == 1
    assert "exit status 1" in only(after_start(process.output()))


def test_a_daemon_without_memory_names_the_cure(launcher):
    done = launcher.run(fake="exit-3")
    assert done.returncode == 1
    told = only(after_start(done.stderr))
    assert "ran out of memory" in told and "-Xmx" in told and "maxRecords" in told


def test_what_to_do_without_memory_is_the_users_choice(launcher):
    launcher.values["jvm_options"] = "-XX:+CrashOnOutOfMemoryError"
    assert "-XX:+ExitOnOutOfMemoryError" not in launcher.run("--print-command").stdout


def test_a_failed_shutdown_is_a_failure(launcher):
    process = launcher.start("fails-to-stop")
    process.send(signal.SIGTERM)
    assert process.wait() == 1
    assert "exit status 7" in only(after_start(process.output()))


def test_quit_goes_to_java(launcher):
    process = launcher.start()
    process.send(signal.SIGQUIT)
    launcher.wait_for(process, "quit")
    assert process.running()


def test_java_is_told_when_launch_is_killed(launcher):
    process = launcher.start()
    process.send(signal.SIGKILL)
    process.wait()
    wait_for(lambda: launcher.has("term") and not alive(launcher.report()["pid"]), "Java to end")


def test_waits_for_what_the_daemon_leaves_behind(launcher):
    process = Process(launcher.command(), launcher.directory / "launch.log",
                      env=dict(os.environ, FAKE="orphan", FAKE_DIR=str(launcher.directory)))
    launcher.processes.append(process)
    wait_for(lambda: launcher.has("orphan") and len(launcher.text("orphan").split()) == 2, "two orphans")
    assert process.running()
    launcher.let("release-orphan")
    assert process.wait() == 1
    assert launcher.text("orphan-done") == "\n\n"


def test_reaps_orphans(launcher):
    process = launcher.start("short-orphan")
    wait_for(lambda: launcher.has("orphan") and launcher.text("orphan").endswith("\n"), "the orphan")
    orphan = int(launcher.text("orphan"))
    wait_for(lambda: not Path(f"/proc/{orphan}").exists(), "the orphan to be reaped")
    assert process.running()


def as_process_1(launcher, fake=""):
    """In the background, in a process namespace of its own."""
    namespace = ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount-proc"]
    if subprocess.run([*namespace, "true"], capture_output=True).returncode:
        pytest.skip("this machine gives no process namespaces")
    return in_background(launcher, *namespace, fake=fake)


def in_background(launcher, *before, fake=""):
    process = Process([*before, *launcher.command()], launcher.directory / "launch.log",
                      env=dict(os.environ, FAKE=fake, FAKE_DIR=str(launcher.directory)))
    launcher.processes.append(process)
    return process


def child_of(process):
    child, = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return int(child)


def test_runs_as_process_1(launcher):
    process = as_process_1(launcher, "short-orphan")
    launcher.wait_for(process, "report")
    launch = child_of(process)
    children = Path(f"/proc/{launch}/task/{launch}/children")
    wait_for(lambda: len(children.read_text().split()) == 1, "the orphan to be reaped")
    os.kill(launch, signal.SIGTERM)
    assert process.wait() == 0, process.output()
    assert launcher.has("term")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("first", [False, True])
def test_a_stop_before_the_daemon_is_there_ends_it(launcher, number, first):
    (launcher.directory / "jars" / "classes.jsa").write_text("fits later")
    process = as_process_1(launcher) if first else in_background(launcher)
    launcher.wait_for(process, "asked")
    os.kill(child_of(process) if first else process.pid, number)
    launcher.let("answer")
    wait_for(lambda: not process.running() or launcher.has("report"), "the end, or a daemon")
    assert not launcher.has("report")
    assert process.wait() == 0, process.output()


def test_a_hangup_before_the_daemon_is_there_does_not_stop_it(launcher):
    (launcher.directory / "jars" / "classes.jsa").write_text("fits later")
    process = in_background(launcher)
    launcher.wait_for(process, "asked")
    process.send(signal.SIGHUP)
    process.send(signal.SIGQUIT)
    launcher.let("answer")
    launcher.wait_for(process, "report")
    process.send(signal.SIGTERM)
    assert process.wait() == 0, process.output()
    assert launcher.has("term") and not launcher.has("quit")


def test_java_can_not_speak_to_the_service_manager(launcher, monkeypatch):
    """Neither as the daemon nor when it is asked about the class archive."""
    for name, value in (("NOTIFY_SOCKET", "@nobody"), ("WATCHDOG_USEC", "1000000"), ("WATCHDOG_PID", "1")):
        monkeypatch.setenv(name, value)
    (launcher.directory / "jars" / "classes.jsa").write_text("fits")
    process = launcher.start()
    process.send(signal.SIGTERM)
    assert process.wait() == 0, process.output()
    assert "-XX:SharedArchiveFile" in " ".join(launcher.report()["argv"])
    assert not launcher.has("could-speak-for-launch"), launcher.text("could-speak-for-launch")


KCL = "2026-01-31T12:00:00.000Z {} daemon [{}] {}: shardId-0: {}"
LEFT_OUT = ["Caught exception from handleInput | java.lang.RuntimeException",
            "Exception occurred while dispatching incoming data.  The incoming data has been skipped"]


@pytest.mark.parametrize("text", LEFT_OUT)
@pytest.mark.parametrize("form", [KCL.format("WARN ", "RxComputationThreadPool-1", "ShardConsumerSubscriber", "{}"),
                                  "12:00 s.a.k.l.ShardConsumerSubscriber - {}"])
def test_a_daemon_that_leaves_out_records_is_killed(launcher, text, form):
    line = form.format(text)
    done = launcher.run(fake="says:" + line)
    assert done.returncode == 1
    log, why = after_start(done.stderr)
    assert log == (line.partition("ShardConsumerSubscriber: ")[2] or line)
    assert "left out records" in why and "killed" in why
    assert not launcher.has("term"), "it must not get to checkpoint"


DRAIN = "Received error line from subprocess [{}] for shard shardId-0"


@pytest.mark.parametrize("line", [
    LEFT_OUT[1],
    "2026-01-31T12:00:00.000Z info  shardId-0 a.b/1 ShardConsumerSubscriber: " + LEFT_OUT[1],
    '{"time":"2026-01-31T12:00:00.000Z","level":"info","source":"plugin","message":"ShardConsumerSubscriber: ' + LEFT_OUT[1] + '"}',
    KCL.format("WARN ", "x", "ShardConsumerSubscriber", LEFT_OUT[0]),
])
def test_what_a_child_prints_does_not_end_the_daemon(launcher, line):
    """The daemon logs each line of its child's standard error, then echoes it."""
    logged = KCL.format("ERROR", "multi-lang-daemon-0000", "DrainChildSTDERRTask", DRAIN.format(line))
    process = launcher.start(f"says:{logged}\n{line}")
    process.send(signal.SIGTERM)
    assert process.wait() == 0, process.output()
    assert after_start(process.output()) == messages(line), "it is told once"


GAVE_UP = "Unable to initialize after 20 attempts. Shutting down. | java.lang.RuntimeException: ..."


@pytest.mark.parametrize("version, told", [("3.1.3", "tries again"), ("3.5.1", "3.5.0 and 3.5.1")])
def test_a_daemon_that_gave_up_is_told_from_one_that_failed_later(launcher, version, told):
    jars = launcher.directory / "jars"
    (jars / "amazon-kinesis-client-multilang-9.jar").rename(jars / f"amazon-kinesis-client-multilang-{version}.jar")
    launcher.values["prime"] = "false"  # which asks AWS
    line = KCL.format("ERROR", "multi-lang-daemon-0000", "Scheduler", GAVE_UP)
    done = launcher.run(fake="ends-saying:" + line)
    assert done.returncode == 1
    log, why = after_start(done.stderr)
    assert log == "shardId-0: " + GAVE_UP
    assert "gave up before it had begun" in why and told in why


def test_what_a_child_prints_does_not_count_as_giving_up(launcher):
    forged = KCL.format("ERROR", "multi-lang-daemon-0000", "Scheduler", GAVE_UP)
    logged = KCL.format("ERROR", "multi-lang-daemon-0000", "DrainChildSTDERRTask", DRAIN.format(forged))
    done = launcher.run(fake=f"ends-saying:{logged}\n{forged}")
    assert done.returncode == 1
    *log, why = after_start(done.stderr)
    assert log == [forged]
    assert "gave up" not in why and "exit status 0" in why


SCHEDULER = KCL.format("INFO ", "multi-lang-daemon-0000", "Scheduler", "{}").replace("shardId-0: ", "")
TABLE_EMPTY = "Lease table is still empty. Checking again in 3000 ms"
EMPTY = SCHEDULER.format(TABLE_EMPTY)


def test_says_what_a_new_application_waits_for(launcher):
    done = launcher.run(fake=f"ends-saying:{EMPTY}\n{EMPTY}")
    first, told, second, _ = after_start(done.stderr)
    assert (first, second) == (TABLE_EMPTY, TABLE_EMPTY), "once, though the KCL says it every few seconds"
    assert told.startswith("the application has no leases yet; the KCL waits up to 30 s")


def test_what_a_child_prints_is_no_wait(launcher):
    logged = KCL.format("ERROR", "multi-lang-daemon-0000", "DrainChildSTDERRTask", DRAIN.format(EMPTY))
    done = launcher.run(fake=f"ends-saying:{logged}\n{EMPTY}")
    assert after_start(done.stderr)[:-1] == [EMPTY]


def test_the_end_of_its_terminal_does_not_stop_it(launcher):
    process = launcher.start()
    process.send(signal.SIGHUP)
    process.send(signal.SIGQUIT)  # signals are read in the order of their numbers, so this one comes after
    launcher.wait_for(process, "quit")
    process.send(signal.SIGTERM)
    assert process.wait() == 0, process.output()
    assert launcher.text("term") == "\n"


def test_a_hangup_asks_the_hosts_to_look_for_a_release(launcher):
    process = launcher.start()
    process.send(signal.SIGHUP)
    process.send(signal.SIGQUIT)
    launcher.wait_for(process, "quit")
    assert [path.name for path in (Path(launcher.values["state"]) / "releases").glob("of-*")] == ["of-app%40words.look"]
    process.send(signal.SIGTERM)
    assert process.wait() == 0, process.output()


def test_says_what_runs(launcher):
    done = launcher.run(fake="exit-0")
    line = done.stderr.splitlines()[0]
    plugin = PLUGINS / "noop.so"
    digest = hashlib.sha256(plugin.read_bytes()).hexdigest()
    version = subprocess.run([launcher.kclhost, "--version"], capture_output=True, text=True).stdout.strip()
    for part in (version, "daemon 9 ", str(plugin.resolve()), digest, str(launcher.config)):
        assert part in line


# ---- Nobody reads ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fake", ["floods", "floods-log"])
def test_it_stops_in_order_though_nobody_reads_its_output(launcher, fake):
    reader, writer = os.pipe()
    process = subprocess.Popen(launcher.command(), stdout=writer, stderr=writer,
                               env=dict(os.environ, FAKE=fake, FAKE_DIR=str(launcher.directory)))
    os.close(writer)
    try:
        wait_for(lambda: launcher.has("flooded") or process.poll() is not None, "the flood to be over")
        process.send_signal(signal.SIGTERM)
        assert process.wait(120) == 0
        assert launcher.has("term")
    finally:
        process.kill()
        os.close(reader)


@contextlib.contextmanager
def piped(launcher, fake):
    """A launch whose log is a pipe, which the test reads as slowly as it likes."""
    process = subprocess.Popen(launcher.command(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                               env=dict(os.environ, FAKE=fake, FAKE_DIR=str(launcher.directory)))
    try:
        yield process
    finally:
        process.kill()


def test_a_slow_reader_loses_nothing(launcher):
    """Though each line that the daemon prints is ten times as long when it is an event."""
    with piped(launcher, "floods") as process:
        stop = threading.Thread(target=lambda: (wait_for(lambda: launcher.has("flooded"), "the flood to be over"),
                                                process.send_signal(signal.SIGTERM)))
        stop.start()
        said = b""
        while piece := os.read(process.stderr.fileno(), 8192):
            said += piece
            time.sleep(0.001)  # so slow is the reader
        stop.join()
        assert after_start(said.decode()) == ["x" * 9] * 40_000
        assert process.wait() == 0


def test_a_slow_reader_does_not_keep_a_daemon_alive_that_leaves_out_records(launcher):
    """It could get to checkpoint."""
    left_out = KCL.format("WARN ", "x", "ShardConsumerSubscriber", LEFT_OUT[0])
    with piped(launcher, f"floods-saying:{left_out}\n") as process:
        pid = int(wait_for(lambda: launcher.has("pid") and launcher.text("pid"), "the daemon"))
        said = b""
        while alive(pid) and (piece := os.read(process.stderr.fileno(), 4096)):
            said += piece
            time.sleep(0.05)  # so slow is the reader
        assert said.count(b"\n") < 20_000, "it was killed when its reader came to the line"
        while piece := os.read(process.stderr.fileno(), 65536):
            said += piece
        *flood, log, why = after_start(said.decode())
        assert flood == ["x" * 9] * 40_000
        assert log.endswith(LEFT_OUT[0]) and "left out records" in why and "killed" in why
        assert process.wait() == 1


def test_a_slow_reader_gets_the_last_lines(launcher):
    with piped(launcher, "floods-and-ends") as process:
        said = b""
        while piece := os.read(process.stderr.fileno(), 4096):
            said += piece
            time.sleep(0.02)  # so slow is the reader
        *flood, why = after_start(said.decode())
        assert flood == ["x" * 9] * 3000
        assert "the daemon ended with exit status 0" in why
        assert process.wait() == 1


def test_a_signal_ends_the_wait_for_a_slow_reader(launcher):
    with piped(launcher, "floods-and-ends") as process:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        said = os.read(process.stderr.fileno(), 4096)  # the daemon is started
        signalled = False
        while process.poll() is None:
            if not signalled and b"x" * 9 in said and not children.read_text():
                process.send_signal(signal.SIGTERM)
                signalled = True
            said += os.read(process.stderr.fileno(), 4096)
            time.sleep(0.05)  # so slow is the reader
        while piece := os.read(process.stderr.fileno(), 65536):
            said += piece
        *flood, lost, why = after_start(said.decode())
        dropped = json.loads(said.splitlines()[-2])["dropped"]
        assert set(flood) == {"x" * 9} and dropped and len(flood) + int(dropped) == 3000, lost
        assert "the daemon ended with exit status 0" in why
        assert process.returncode == 1


# ---- A new application's tables ------------------------------------------------------------------------------------------


def primed(launcher, monkeypatch):
    """The lines before the last, with a daemon whose tables kclhost knows, on its way to a place that it can't."""
    jars = launcher.directory / "jars"
    for jar in jars.iterdir():
        jar.rename(jars / "amazon-kinesis-client-multilang-3.1.3.jar")
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "-Daws.region=eu-west-2")
    lines = after_start(launcher.run(fake="exit-0").stderr)
    assert "exit status 0" in lines[-1]
    return lines[:-1]


def test_a_new_applications_tables_come_before_java(launcher, monkeypatch):
    told, = primed(launcher, monkeypatch)
    assert told.startswith("a new application's tables and leases are left to the KCL")
    assert "JAVA_TOOL_OPTIONS" in told


@pytest.mark.parametrize("name, value", [("prime", "false"), ("jvm_options", "-Xmx100m, -Daws.region=eu-west-2"),
                                         ("properties", "streamName: words, applicationName: app, awsCredentialsProvider: X")])
def test_what_the_configuration_leaves_to_the_kcl_is_not_tried(launcher, monkeypatch, name, value):
    launcher.values[name] = value
    assert primed(launcher, monkeypatch) == []


def test_the_command_that_is_printed_makes_no_tables(launcher):
    assert "kclhost-prime" not in launcher.run("--print-command").stdout


# ---- What check refuses ------------------------------------------------------------------------------------------------


def is_refused_as_by_check(launcher, code):
    done = launcher.run(fake="exit-0")
    checked = subprocess.run([launcher.kclhost, "check", "--config", launcher.config], capture_output=True, text=True)
    assert done.returncode == checked.returncode == code, done.stderr
    problems = [line for line in checked.stderr.splitlines() if "note: " not in line]
    assert problems and done.stderr.splitlines() == ["kclhost: " + line for line in problems]


@pytest.mark.parametrize("plugin, code", [
    ("absent.so", 3),
    ("word_counter.so, config: {no_such_key: 1}", 2),
    ("noop.so, sha256: " + "0" * 64, 3),
])
def test_what_check_refuses_does_not_start_java(launcher, plugin, code):
    launcher.values["plugin"] = plugin
    is_refused_as_by_check(launcher, code)
    assert not (launcher.directory / "state" / "run").exists(), "Java's properties were not even written"


STREAMS = "\nstreams: {clicks: {daemon: {properties: {applicationName: a}}}, orders: {daemon: {properties: {applicationName: b}}}}"


@pytest.mark.parametrize("streams", ["", STREAMS], ids=["one", "several"])
@pytest.mark.parametrize("lacks", ["jars", "Java", "streamName"])
def test_what_check_refuses_comes_before_what_this_machine_lacks(launcher, streams, lacks):
    launcher.values["plugin"] = "absent.so"
    launcher.values["timeouts"] += streams
    if lacks == "jars":
        (launcher.directory / "jars" / "amazon-kinesis-client-multilang-9.jar").unlink()
    elif lacks == "Java":
        launcher.values["java"] = "/nonexistent/java"
    else:
        launcher.values["properties"] = "applicationName: app"
    is_refused_as_by_check(launcher, 3)


# ---- Log lines ---------------------------------------------------------------------------------------------------------

LINES = ["first line", "größe %s %d", "x" * 100_000, "last line"]


def test_log_lines_reach_standard_error(launcher):
    done = launcher.run(fake="log")
    assert after_start(done.stderr)[:-1] == LINES
    assert list((launcher.directory / "state" / "run").glob("*.sock")) == []


def too_deep_for_a_socket(launcher):
    return launcher.directory / ("d" * 120)


def test_log_lines_with_a_state_dir_too_deep_for_a_socket(launcher):
    launcher.values["state"] = too_deep_for_a_socket(launcher)
    done = launcher.run(fake="log")
    assert after_start(done.stderr)[:-1] == LINES


def test_what_the_daemon_prints_is_handed_on(launcher):
    done = launcher.run(fake="talk")
    assert done.stdout == ""
    told = after_start(done.stderr)[:-1]
    said = [text for text in told if not text.startswith("x")]
    assert sorted(said) == sorted(["größe", "first line", "second line", "no newline"])
    assert "".join(text for text in told if text.startswith("x")) == "x" * 3_000_000


def test_a_line_of_the_daemons_log_is_an_event_of_its_own_level(launcher):
    said = KCL.format("WARN ", "main", "ProcessTask", "why\u2029java.lang.Exception: x\u2028\tat A.b(A.java:1)\u2028")
    done = launcher.run(fake="ends-saying:" + said.replace("shardId-0", "shardId-000000000005"))
    event = json.loads(done.stderr.split("\n")[1])
    assert event == {"time": "2026-01-31T12:00:00.000Z", "level": "warn", "shard": "shardId-000000000005", "source": "daemon",
                     "message": "shardId-000000000005: why", "logger": "ProcessTask", "thread": "main",
                     "stack": "java.lang.Exception: x\n\tat A.b(A.java:1)"}


def test_the_form_and_the_level_of_launchs_own_lines_are_the_logs(launcher):
    launcher.values["timeouts"] = "{shutdown: 3s}\nlog: {level: error, format: text}"
    done = launcher.run(fake="ends-saying:" + KCL.format("WARN ", "main", "ProcessTask", "slow"))
    told, = done.stderr.splitlines()
    assert re.fullmatch(r"\S{24} error \[launch\] the daemon ended with exit status 0; its log above says why", told), told


@pytest.mark.parametrize("state", [lambda launcher: launcher.directory / "state", too_deep_for_a_socket], ids=["short", "too deep"])
def test_removes_the_sockets_of_those_that_were_killed(launcher, state):
    launcher.values["state"] = state(launcher)
    killed = launcher.start()
    stale = Path(launcher.report()["socket"])
    killed.send(signal.SIGKILL)
    killed.wait()
    assert stale.exists()
    (launcher.directory / "report").unlink()
    first = launcher.start()
    assert not stale.exists()
    in_use = Path(launcher.report()["socket"])
    launcher.run(fake="exit-0")
    assert in_use.exists()
    first.send(signal.SIGTERM)
    assert first.wait() == 0, first.output()
