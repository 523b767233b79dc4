"""The log of a launch: readers that stall, files, and CloudWatch's metrics in it."""
import json
import os
import resource
import subprocess
import time

import pytest
from launch import Shard
from services import wait_for


def events(text):
    """The log's lines, but for one that is being written."""
    return [json.loads(line) for line in text.split("\n")[:-1]]


def files(log):
    """The log's files, the oldest first."""
    return sorted(log.parent.glob(log.name + ".*"), reverse=True) + [log]


def all_events(log):
    return [event for file in files(log) for event in events(file.read_text())]


# ---- A reader that stalls or goes


def test_a_reader_that_stalls_or_goes_holds_nobody_up(launch, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    here = launch(output=pipe)
    shard = here.shard()
    for i in range(10):  # two megabytes: more than there is room for on the way
        shard.process("say 200", str(i))
    here.until(20, "kclhost_finished_records_total", outcome="processed")
    text = b""

    def dropped():
        nonlocal text
        try:
            text += os.read(reader, 1 << 20)
        except BlockingIOError:
            shard.process("say 1")
        return [event for event in events(text.decode()) if "dropped" in event]
    told = wait_for(dropped, "the line that says what was dropped")
    assert all(int(event["dropped"]) > 0 and event["level"] == "warn" for event in told)
    os.close(reader)
    for i in range(10):
        shard.process("say 200", str(i))
    assert here.get("/healthz")[0] == 200
    assert here.stop() == 0


# ---- A file


class Alone:
    """Starts hosts as a daemon does that no launch looks after."""

    def __init__(self, here):
        self.here, self.hosts = here, []

    def start_host(self, *pipes):
        self.hosts.append(subprocess.Popen([self.here.kclhost, "run", "--config", self.here.config], stdin=pipes[0],
                                           stdout=pipes[1], stderr=subprocess.PIPE))
        return self.hosts[-1].pid


def test_a_file_makes_room_and_loses_no_line(launch, tmp_path):
    log = tmp_path / "k.log"
    here = launch(log={"file": str(log), "rotate": {"size": "20KiB", "keep": 1000}})
    shard = here.shard()
    for _ in range(5):
        shard.process("say 20")
    shard.lose()
    assert here.stop() == 0
    assert here.process.output() == "", "everything is in the file"
    said = all_events(log)
    assert len([event for event in said if event["source"] == "plugin"]) == 100
    assert {event["source"] for event in said} == {"launch", "host", "plugin"}
    assert len(files(log)) > 5 and all(file.stat().st_size <= 20 * 1024 for file in files(log))


def test_the_oldest_file_goes(launch, tmp_path):
    log = tmp_path / "k.log"
    here = launch(log={"file": str(log), "rotate": {"size": "20KiB", "keep": 2}})
    here.shard().process("say 200")
    assert here.stop() == 0
    assert [file.name for file in files(log)] == ["k.log.2", "k.log.1", "k.log"]
    assert not [event for event in all_events(log) if "starts the daemon" in event["message"]], "the oldest line is gone"


def test_hosts_without_a_launch_share_the_file(launch, tmp_path):
    log = tmp_path / "k.log"
    here = launch(log={"file": str(log), "rotate": {"size": "20KiB", "keep": 1000}})
    alone = Alone(here)
    shards = [Shard(alone, f"shardId-00000000000{i}").initialize() for i in range(3)]
    for _ in range(5):
        for shard in shards:
            shard.send(shard.batch("say 20"))
        for shard in shards:
            shard.wait()
    for shard in shards:
        shard.lose()
    for host in alone.hosts:
        assert host.communicate()[1] == b"" and host.returncode == 0
    assert here.stop() == 0
    for shard in shards:
        said = [event for event in all_events(log) if event.get("shard") == shard.shard and event["source"] == "plugin"]
        assert len(said) == 100, shard.shard


def test_a_full_disk_stops_no_shard_and_is_told_once_there_is_room(launch, tmp_path):
    log = tmp_path / "k.log"
    here = launch(log={"file": str(log)})
    shard = here.shard()
    shard.process("say 10")
    wait_for(lambda: len(log.read_text()) > 10_000, "the lines")
    _, most = resource.prlimit(here.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(here.process.pid, resource.RLIMIT_FSIZE, (log.stat().st_size, most))
    shard.process("say 10", "a", "b")
    here.until(4, "kclhost_finished_records_total", outcome="processed")
    resource.prlimit(here.process.pid, resource.RLIMIT_FSIZE, (most, most))

    def told():
        shard.process("say 1")
        return [event for event in events(log.read_text()) if "dropped" in event]
    event, = wait_for(told, "the line that says what is lost")
    assert event["level"] == "warn" and "File too large" in event["message"] and str(log) in event["message"]
    assert here.stop() == 0


def test_a_file_that_cannot_be_written_keeps_launch_from_starting(launch, tmp_path):
    here = launch(log={"file": str(tmp_path / "none" / "k.log")}, begin=False)
    assert here.process.wait() == 1
    line, = here.process.output().splitlines()
    assert "none/k.log: the log can't be written here: No such file or directory; make its directory" in line


# ---- CloudWatch's embedded metric format

UNITS = {"Seconds", "Microseconds", "Milliseconds", "Bytes", "Kilobytes", "Megabytes", "Gigabytes", "Terabytes", "Bits", "Kilobits",
         "Megabits", "Gigabits", "Terabits", "Percent", "Count", "Bytes/Second", "Kilobytes/Second", "Megabytes/Second",
         "Gigabytes/Second", "Terabytes/Second", "Bits/Second", "Kilobits/Second", "Megabits/Second", "Gigabits/Second",
         "Terabits/Second", "Count/Second", "None"}


def check(line):
    """A line against the rules of the format's specification."""
    about = line["_aws"]
    assert set(about) == {"Timestamp", "CloudWatchMetrics"}
    assert isinstance(about["Timestamp"], int) and abs(about["Timestamp"] / 1000 - time.time()) < 24 * 3600
    for directive in about["CloudWatchMetrics"]:
        assert set(directive) == {"Namespace", "Dimensions", "Metrics"}
        assert 0 < len(directive["Namespace"]) <= 256
        assert directive["Dimensions"] and 0 < len(directive["Metrics"]) <= 100
        for dimensions in directive["Dimensions"]:
            assert 0 < len(dimensions) <= 30
            assert all(isinstance(line[name], str) and 0 < len(line[name]) <= 1024 for name in dimensions)
        names = [metric["Name"] for metric in directive["Metrics"]]
        assert len(set(names)) == len(names)
        for metric in directive["Metrics"]:
            assert set(metric) == {"Name", "Unit"} and metric["Unit"] in UNITS and 0 < len(metric["Name"]) <= 1024
            assert isinstance(line[metric["Name"]], (int, float)), metric


@pytest.mark.parametrize("form", ["json", "text"])
def test_metrics_in_the_log(launch, form):
    here = launch(metrics={"listen": "127.0.0.1:0", "emf": True, "emf_interval": "100ms"}, log={"format": form})
    shard = here.shard()
    shard.process("a", "bb", "fail", "c", behind=1500)

    def lines(which):
        found = [json.loads(line) for line in here.process.output().split("\n")[:-1] if line.startswith('{"_aws"')]
        return [line for line in found if ("shard" in line) == which]

    def total(name):
        return sum(line.get(name, 0) for line in lines(True))

    wait_for(lambda: total("kclhost_finished_records_processed") == 3 and total("kclhost_finished_records_dead_letter") == 1,
             "the records")
    shard.process("d", "e")
    shard.lose()
    wait_for(lambda: lines(False)[-1]["kclhost_shards"] == 0, "no shard to be left")
    assert here.stop() == 0
    assert total("kclhost_finished_records_processed") == 5, "each is counted once"
    assert total("kclhost_received_records") == 6
    assert total("kclhost_process_seconds_count") >= 2 and total("kclhost_process_seconds_sum") > 0
    assert total("kclhost_checkpoints_recorded") == len(shard.checkpoints)
    assert max(line.get("kclhost_behind_latest_seconds", 0) for line in lines(True)) == 1.5
    assert max(line["kclhost_shards"] for line in lines(False)) == 1
    for line in lines(True) + lines(False):
        check(line)
        assert line["application"] == "app" and line["stream"] == "words" and line["source"] == "metrics"
    assert {line["shard"] for line in lines(True)} == {shard.shard}
