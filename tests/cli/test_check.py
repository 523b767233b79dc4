import json
import os
import shutil
import subprocess

import pytest
from conftest import folder


def test_all_is_well(kclhost, configuration):
    done = kclhost("check", "--config", configuration.path)
    assert (done.code, done.stdout, done.stderr) == (0, "ok: plugin kclhost.minimal_c 1.0.0\n", "")


def test_all_is_well_as_json(kclhost, configuration):
    done = kclhost("check", "--config", configuration.path, "--json")
    assert (done.code, done.stderr) == (0, "")
    assert json.loads(done.stdout) == {"problems": [], "notes": [],
                                       "plugin": {"id": "kclhost.minimal_c", "version": "1.0.0"}}


def test_every_problem_of_the_file_is_listed_by_its_place(kclhost, configuration):
    configuration.write(more="isolaton: none\ntimeouts: {initialize: soon}\nlog: {level: loud}\n")
    done = kclhost("check", "--config", configuration.path)
    assert (done.code, done.stdout) == (2, "")
    places = [line.split(" ")[0] for line in done.stderr.splitlines()]
    assert places == [f"{configuration.path}:{place}:" for place in ("6:1", "7:24", "8:14")]
    assert "isolation" in done.stderr, "the nearest known name"


def test_problems_as_json(kclhost, configuration):
    configuration.write(more="isolaton: none\nlog: {level: \"l\u00f6\\\"ud\"}\n")
    done = kclhost("check", "--config", configuration.path, "--json")
    assert (done.code, done.stderr) == (2, "")
    problems = json.loads(done.stdout)["problems"]
    assert [(p["file"], p["line"], p["column"]) for p in problems] == [(str(configuration.path), 6, 1),
                                                                       (str(configuration.path), 7, 14)]
    assert all(p["message"] for p in problems)


def test_a_missing_file(kclhost, tmp_path):
    assert "nowhere.yaml:1:1: " in kclhost("check", "--config", tmp_path / "nowhere.yaml").complaint(2)


def test_a_plugins_problem_stands_where_the_plugin_is_named(kclhost, configuration):
    configuration.write("missing.so")
    line = kclhost("check", "--config", configuration.path).complaint(3)
    assert line.startswith(f"{configuration.path}:5:9: plugin ")
    assert "missing.so" in line


def test_a_plugins_problem_as_json(kclhost, configuration):
    configuration.write("undefined_symbol.so", plugins_dir=configuration.zoo)
    done = kclhost("check", "--config", configuration.path, "--json")
    assert (done.code, done.stderr) == (3, "")
    (problem,) = json.loads(done.stdout)["problems"]
    assert (problem["line"], problem["column"]) == (5, 9)
    assert "nowhere_defined" in problem["message"]


def shipped(tmp_path):
    """A plugin with its libraries, in a folder of the test's own."""
    return shutil.copytree(folder("KCLHOST_CORE_PLUGINS_DIR") / "shipped", tmp_path / "shipped")


def test_a_plugin_with_libraries_beside_it(kclhost, configuration, tmp_path):
    plugins = shipped(tmp_path)
    configuration.write("home/shipped_teller.so", plugins_dir=plugins)
    done = kclhost("check", "--config", configuration.path)
    assert (done.code, done.stdout) == (0, "ok: plugin test.teller 1.2.3-rc1\n")
    assert kclhost("inspect", plugins / "home" / "shipped_teller.so").code == 0
    assert kclhost("run", "--config", configuration.path).code == 0


def test_a_library_that_is_missing_is_named_with_its_cure(kclhost, configuration, tmp_path):
    plugins = shipped(tmp_path)
    (plugins / "home" / "libnear.so").unlink()
    configuration.write("home/shipped_teller.so", plugins_dir=plugins)
    for line in (kclhost("check", "--config", configuration.path).complaint(3),
                 kclhost("inspect", plugins / "home" / "shipped_teller.so").complaint(3)):
        assert "libnear.so: cannot open shared object file" in line
        assert "$ORIGIN" in line


def test_create_is_not_called(kclhost, configuration):
    configuration.write("misbehave.so", plugins_dir=configuration.zoo,
                        plugin_more="config: {fault: segv, in: constructor}")
    assert kclhost("check", "--config", configuration.path).code == 0


def test_a_plugins_configuration_must_fit_its_schema(kclhost, configuration):
    configuration.write("word_counter.so", plugin_more="config: {no_such_option: 1}")
    done = kclhost("check", "--config", configuration.path)
    assert done.code == 2
    assert "does not fit the plugin's schema" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def checking(configuration, config, more=""):
    configuration.write("checker.so", plugins_dir=folder("KCLHOST_CORE_PLUGINS_DIR"), plugin_more=f"config: {config}",
                        more=more)


def test_the_plugin_has_its_say(kclhost, configuration):
    checking(configuration, "{port: 8}")
    assert kclhost("check", "--config", configuration.path).code == 0
    checking(configuration, "{port: 7}")
    assert kclhost("check", "--config", configuration.path).complaint(2) == (
        f"{configuration.path}:6:11: the plugin refuses its configuration: the port 7 is odd:\\nuse 8")
    checking(configuration, "{port: seven}")
    assert "does not fit the plugin's schema" in kclhost("check", "--config", configuration.path).complaint(2)


def test_a_plugin_that_does_not_survive_its_say(kclhost, configuration):
    checking(configuration, "{crash: 1}")
    assert "was killed by SIGKILL" in kclhost("check", "--config", configuration.path).complaint(2)
    checking(configuration, "{hang: 1}", more="timeouts: {initialize: 2s}\n")
    assert "check_config took longer than timeouts.initialize" in kclhost("check", "--config",
                                                                          configuration.path).complaint(2)


def test_every_misfit_stands_at_its_place(kclhost, configuration):
    configuration.write("word_counter.so", plugin_more="config:\n  top: [many]\n  no_such_option: 1\n"
                                                       "  report_interval_seconds: often\n")
    done = kclhost("check", "--config", configuration.path)
    assert done.code == 2
    places = {line.split(" ")[0]: line for line in done.stderr.splitlines()}
    assert sorted(places) == [f"{configuration.path}:{place}:" for place in ("7:10", "8:21", "9:30")]
    assert "'plugin.config.no_such_option'" in places[f"{configuration.path}:8:21:"]


def test_a_misfit_is_one_line_whatever_its_key_is(kclhost, configuration):
    configuration.write("word_counter.so", plugin_more='config: {"no\\nsuch\\eoption": 1}')
    done = kclhost("check", "--config", configuration.path)
    assert done.code == 2
    assert len(done.stderr.splitlines()) == 1
    assert "'plugin.config.no\\nsuch?option'" in done.stderr


def test_more_workers_than_a_plugin_that_checkpoints_allows(kclhost, configuration):
    configuration.write("checkpointers.so", plugins_dir=configuration.zoo, more="concurrency: 3\n")
    checked = kclhost("check", "--config", configuration.path).complaint(2)
    assert "concurrency is 3" in checked and "set concurrency: 1" in checked
    # The daemon keeps the pipe open; its end would end run before the plugin is loaded.
    command = [folder("KCLHOST_BIN_DIR") / "kclhost", "run", "--config", configuration.path]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        assert "concurrency is 3" in process.stderr.read().decode()
        assert process.wait() == 2


@pytest.mark.parametrize("folder, more", [
    ("tries", ""),
    ("dead-letters", "on_error: {then: dead_letter}\n"),
])
def test_a_folder_that_run_could_not_write(kclhost, configuration, folder, more):
    configuration.state.mkdir()
    (configuration.state / folder).write_text("no folder\n")
    configuration.write(more=more)
    assert f"{folder} is not writable" in kclhost("check", "--config", configuration.path).complaint(1)


@pytest.mark.parametrize("properties, missing", [("streamName: s", "applicationName"), ("applicationName: app", "streamName")])
def test_what_launch_would_refuse_is_noted(kclhost, configuration, properties, missing):
    configuration.write(more="daemon: {properties: {" + properties + "}}\n")
    done = kclhost("check", "--config", configuration.path)
    assert done.code == 0
    assert "note: kclhost launch will refuse this: " in done.stderr and missing in done.stderr


def test_properties_that_kclhost_does_not_know_are_noted_when_allowed(kclhost, configuration):
    configuration.write(more="daemon:\n  properties: {streamName: s, applicationName: app, fromTheFuture: 1}\n"
                             "  allow_unknown_properties: true\n")
    done = kclhost("check", "--config", configuration.path)
    assert done.code == 0
    assert done.stderr.startswith(f"note: {configuration.path}:7:53: kclhost knows no property 'fromTheFuture'")


def with_daemon(configuration, tmp_path, jar, properties=""):
    (tmp_path / "jars").mkdir()
    if jar:
        (tmp_path / "jars" / jar).touch()
    configuration.write(more="daemon:\n  jars: jars\n  properties:\n    streamName: s\n    applicationName: app\n" + properties)


JAR = "amazon-kinesis-client-multilang-{}.jar"
ON = "    isGracefulLeaseHandoffEnabled: true\n"
OFF = "    isGracefulLeaseHandoffEnabled: false\n"


@pytest.mark.parametrize("jar, properties, said", [
    (JAR.format("3.1.3"), "", "hand-off is off: the daemon in daemon.jars is 3.1.3, and before 3.5.0"),
    (JAR.format("3.5.1"), "", "hand-off is on: the daemon in daemon.jars is 3.5.1, and from 3.5.0 on"),
    ("", "", "hand-off is off: which daemon daemon.jars has is not known"),
    (JAR.format("3.1.3"), OFF, "hand-off is off as daemon.properties says"),
    (JAR.format("3.5.1"), OFF, "hand-off is off as daemon.properties says"),
    (JAR.format("3.5.1"), ON, "hand-off is on as daemon.properties says"),
    ("", ON, "hand-off is on as daemon.properties says; which daemon daemon.jars has is not known, and before 3.5.0"),
])
def test_says_whether_leases_are_handed_over_and_why(kclhost, configuration, tmp_path, jar, properties, said):
    with_daemon(configuration, tmp_path, jar, properties)
    done = kclhost("check", "--config", configuration.path)
    assert done.code == 0
    note, _ = done.stderr.splitlines()
    assert note.startswith("note: graceful lease ") and said in note


@pytest.mark.parametrize("jar, more, said", [
    (JAR.format("3.1.3"), "", "kclhost launch makes a new application's tables and leases itself"),
    (JAR.format("3.1.3"), "  prime: false\n", "are left to the KCL: daemon.prime is false"),
    (JAR.format("3.5.1"), "", "are left to the KCL: the daemon is 3.5.1, and kclhost knows the tables of 3.1.3 alone"),
    (JAR.format("3.1.3"), "    awsCredentialsProvider: X\n", "are left to the KCL: awsCredentialsProvider is X"),
])
def test_says_who_makes_a_new_applications_tables(kclhost, configuration, tmp_path, jar, more, said):
    with_daemon(configuration, tmp_path, jar, more)
    done = kclhost("check", "--config", configuration.path)
    assert done.code == 0
    _, note = done.stderr.splitlines()
    assert note.startswith("note: ") and said in note


def test_warns_of_a_hand_over_that_loses_leases(kclhost, configuration, tmp_path):
    with_daemon(configuration, tmp_path, JAR.format("3.1.3"), ON)
    done = kclhost("check", "--config", configuration.path)
    assert done.code == 0
    note, _ = done.stderr.splitlines()
    assert note.startswith(f"note: {configuration.path}:11:36: graceful lease hand-off is on as daemon.properties says")
    assert "3.1.3" in note and "get stuck" in note and "leave isGracefulLeaseHandoffEnabled out" in note


def test_warns_of_two_places_to_begin(kclhost, configuration, tmp_path):
    with_daemon(configuration, tmp_path, "", "    initialPositionInStream: LATEST\n")
    first, _ = kclhost("check", "--config", configuration.path).stderr.splitlines()
    assert "hand-off" in first
    with open(configuration.path, "a") as more:
        more.write("    initialPositionInStreamExtended: 1767225600\n")
    note, *_ = kclhost("check", "--config", configuration.path).stderr.splitlines()
    assert note.startswith(f"note: {configuration.path}:12:38: initialPositionInStream is set too") and "leave one out" in note


def test_an_application_that_can_t_name_its_tables(kclhost, configuration):
    configuration.write(more="daemon: {properties: {streamName: s, applicationName: my app}}\n")
    done = kclhost("check", "--config", configuration.path)
    assert (done.code, done.stdout) == (2, "")
    problem, note, _ = done.stderr.splitlines()
    assert problem.startswith(f"{configuration.path}:6:55: 'daemon.properties.applicationName' can't name the table 'my app'")
    assert "set tableName" in problem and note.startswith("note: ")
    configuration.write(more="daemon: {properties: {streamName: s, applicationName: my app, tableName: leases, "
                             "coordinatorStateTableName: state, workerMetricsTableName: metrics}}\n")
    assert kclhost("check", "--config", configuration.path).code == 0


def test_no_isolation_is_noted(kclhost, configuration):
    configuration.write(more="isolation: none\n")
    done = kclhost("check", "--config", configuration.path)
    assert done.code == 0
    assert done.stderr.startswith("note: isolation none: ")
    assert "note" not in done.stdout
    assert json.loads(kclhost("check", "--config", configuration.path, "--json").stdout)["notes"]


def test_the_daemons_files_are_noted(kclhost, configuration):
    configuration.write(more="daemon: {jars: nowhere/jars}\n")
    done = kclhost("check", "--config", configuration.path)
    assert done.code == 0
    assert "nowhere/jars is not there" in done.stderr
    assert "fetch-daemon" in done.stderr


@pytest.mark.parametrize("daemon, held", [("heap: 512MiB, properties: {maxRecords: 10000}", "holds about 6 shards"),
                                          ("jvm_options: [-Xmx256m], properties: {maxRecords: 10000}", "holds about 2 shards")])
def test_a_daemon_that_can_run_out_of_memory_is_noted(kclhost, configuration, daemon, held):
    more = "daemon: {" + daemon.replace("maxRecords", "streamName: s, applicationName: app, maxRecords") + "}\n"
    configuration.write(more=more)
    done = kclhost("check", "--config", configuration.path)
    assert done.code == 0
    assert "note: the daemon may run out of memory: with maxRecords 10000 " in done.stderr and held in done.stderr
    configuration.write(more=more.replace("10000", "200"))
    assert "run out of memory" not in kclhost("check", "--config", configuration.path).stderr


def test_a_pause_whose_records_can_use_up_the_memory_is_noted(kclhost, configuration):
    more = ("daemon: {heap: 512MiB, properties: {streamName: s, applicationName: app, "
            "idleTimeBetweenReadsInMillis: 5000}}\n")
    configuration.write(more=more)
    noted = kclhost("check", "--config", configuration.path).stderr
    assert "with maxRecords 10000, for the pause between two reads, its heap of 512 MiB holds about 6 shards" in noted
    assert "idleTimeBetweenReadsInMillis lower" in noted
    configuration.write(more=more.replace("5000", "200"))
    assert "run out of memory" not in kclhost("check", "--config", configuration.path).stderr


def test_a_heap_that_is_not_used_is_noted(kclhost, configuration):
    configuration.write(more="daemon: {heap: 300MiB, jvm_options: [-Xmx200m]}\n")
    assert "note: daemon.heap is not used" in kclhost("check", "--config", configuration.path).stderr


@pytest.mark.parametrize("there", [None, "state", "state/releases"])
def test_nothing_is_written(kclhost, configuration, tmp_path, there):
    configuration.state = tmp_path / "state"
    configuration.write()
    if there:
        (tmp_path / there).mkdir(parents=True)
    before = sorted(tmp_path.rglob("*"))
    assert kclhost("check", "--config", configuration.path).code == 0
    assert sorted(tmp_path.rglob("*")) == before, "a host of another user makes its own"


@pytest.mark.parametrize("place", ["/dev/null/state", "/proc/kclhost-state"])
def test_a_state_dir_that_cant_be_written(kclhost, configuration, place):
    configuration.state = place
    configuration.write()
    line = kclhost("check", "--config", configuration.path).complaint(3)
    assert place in line and "state_dir must be writable" in line


def test_a_state_dir_that_cant_be_written_is_found_without_a_plugin_too(kclhost, configuration):
    configuration.state = "/dev/null/state"
    configuration.write("missing.so")
    done = kclhost("check", "--config", configuration.path)
    assert done.code == 3
    assert ["missing.so" in line for line in done.stderr.splitlines()] == [True, False]
    assert "state_dir /dev/null/state is not writable" in done.stderr


def test_a_folder_of_plugins_that_is_not_there_is_told_once_where_it_stands(kclhost, configuration, tmp_path):
    configuration.write(plugins_dir=tmp_path / "nowhere", more="shadow: {path: noop.so}\n")
    line = kclhost("check", "--config", configuration.path).complaint(3)
    assert line == (f"{configuration.path}:2:14: plugins_dir {tmp_path}/nowhere can't be used: No such file or directory; "
                    "build the plugin first, or set another")


@pytest.mark.parametrize("plugin, code", [("noop.so", 3), ("missing.so", 3)])
def test_a_state_dir_is_told_of_where_it_stands(kclhost, configuration, plugin, code):
    configuration.state = "/dev/null/state"
    configuration.write(plugin)
    done = kclhost("check", "--config", configuration.path)
    assert done.code == code and done.stderr.splitlines()[-1].startswith(f"{configuration.path}:3:12: "), done.stderr


@pytest.mark.parametrize("name, cure", [
    ("noob.so", "did you mean 'noop.so'?"),
    ("libnoop.so", "did you mean 'noop.so'?"),
    ("something_else.so", "build it first, or look at plugin.path"),
])
def test_a_plugin_that_is_not_there_gets_its_cure(kclhost, configuration, name, cure):
    configuration.write(name)
    line = kclhost("check", "--config", configuration.path).complaint(3)
    assert line.startswith(f"{configuration.path}:5:9: plugin ")
    assert line.endswith(f"{name} can't be found: No such file or directory; {cure}")


def test_a_shadow_that_is_not_there_gets_its_cure(kclhost, configuration):
    configuration.write(more="shadow: {path: something_else.so}\n")
    done = kclhost("check", "--config", configuration.path)
    assert done.code == 3 and "; build it first, or look at shadow.path" in done.stderr


def test_what_a_plugin_prints_while_it_is_loaded_stays_out(kclhost, configuration):
    configuration.write("load_print.so", plugins_dir=configuration.zoo)
    done = kclhost("check", "--config", configuration.path)
    assert (done.code, done.stdout, done.stderr) == (0, "ok: plugin zoo.on_load 6.6.6\n", "")


def test_the_schema_is_printed(kclhost):
    done = kclhost("schema")
    assert (done.code, done.stderr) == (0, "")
    assert json.loads(done.stdout)["properties"]["plugin"]


def test_nothing_runs_on(kclhost, configuration):
    configuration.write("load_hang.so", plugins_dir=configuration.zoo, more="timeouts: {initialize: 200ms}\n")
    line = kclhost("check", "--config", configuration.path).complaint(3)
    assert "loading took longer than timeouts.initialize" in line
    ours = str(configuration.state).encode()
    for process in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{process}/maps", "rb") as maps:
                assert ours not in maps.read(), f"process {process} still holds the plugin"
        except OSError:
            pass
