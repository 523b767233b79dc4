"""Words in, counts out: what the quick start does, and a crash."""
import signal
import subprocess
import sys
from collections import Counter

from counting import WORDS, Counting
from fetch import ROOT
from scenario import scenario


@scenario
def test_words_in_counts_out(stage):
    counting = Counting(stage, "words")
    counting.put("--create-stream", "2")
    launch = counting.launch()
    counting.until_counted(launch, WORDS)
    assert counting.counted() == Counter(WORDS)
    assert "kclhost made its tables, and leases from TRIM_HORIZON for the stream's 2 shards" in launch.output()
    assert "no leases yet" not in launch.output(), "the KCL waits in spite of that"
    launch.send(signal.SIGTERM)
    assert launch.wait() == 0
    for file in counting.counts.glob("*.json"):
        assert counting.leases()[file.stem]["checkpoint"].isdigit(), counting.leases()


@scenario
def test_under_the_seccomp_profile(stage):
    counting = Counting(stage, "profiled")
    counting.put("--create-stream", "1")
    launch = counting.launch(sys.executable, ROOT / "tests/deploy/under_profile.py", ROOT / "config/deploy/seccomp.json")
    counting.until_counted(launch, WORDS)
    assert counting.counted() == Counter(WORDS)
    launch.send(signal.SIGTERM)
    assert launch.wait() == 0
    assert all(lease["checkpoint"].isdigit() for lease in counting.leases().values())


@scenario
def test_a_crashed_daemon_goes_on_under_its_name(stage):
    counting = Counting(stage, "crashing")
    counting.put("--create-stream", "1")
    launch = counting.launch()
    counting.until_counted(launch, WORDS)
    before = {shard: lease["leaseOwner"] for shard, lease in counting.leases().items()}
    # Without launch the daemon would get SIGTERM, which is no crash.
    daemon, = (int(pid) for pid in open(f"/proc/{launch.pid}/task/{launch.pid}/children").read().split())
    launch.send(signal.SIGSTOP)
    subprocess.run(["kill", "-KILL", str(daemon), str(launch.pid)], check=True)
    launch.wait()
    stage.note("launch and the daemon are killed")

    counting.put()
    launch = counting.launch()
    counting.until_counted(launch, WORDS * 2)
    after = {shard: lease["leaseOwner"] for shard, lease in counting.leases().items()}
    assert after == before, "another name would have waited for the old one's leases and lock"
    launch.send(signal.SIGTERM)
    assert launch.wait() == 0
