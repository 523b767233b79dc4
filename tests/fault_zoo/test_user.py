"""worker.user: the plugin runs as somebody who can't reach what is kclhost's."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

import pytest

from shard import BIN, record, write_config

NOBODY = "65534:65534"
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
# Tries to reach what is the host's: its state, its process, the daemon's end of its pipes.
TRESPASS = """cat /proc/self/status > {out}/status
for file in $(find {state} -type f); do
  cat $file > /dev/null 2>&1 && echo $file >> {out}/read
  [ -w $file ] && echo $file >> {out}/written
done
touch {state}/mine {state}/releases/mine && echo made >> {out}/written
kill -0 {host} && echo signalled >> {out}/written
ls /proc/{host}/fd && echo looked >> {out}/written
echo said > /dev/stdout"""


@pytest.fixture
def directory():
    """One that everybody may enter, which pytest's is not."""
    made = pathlib.Path(tempfile.mkdtemp(prefix="kclhost-user-"))
    made.chmod(0o755)
    (made / "out").mkdir()
    (made / "out").chmod(0o777)
    yield made
    shutil.rmtree(made)


@AS_ROOT
@pytest.mark.parametrize("user", [NOBODY, "nobody"])
def test_it_reaches_nothing_of_kclhosts(start, directory, user):
    settings = {"worker": {"user": user}, "on_error": {"retry": {"max_attempts": 1}, "then": "dead_letter"}}
    shard = start("starter.so", {"how": "system", "secret": "of the plugin"}, directory=directory, **settings)
    shard.initialize()
    shard.process_records(record(1, "exit 1"))  # a dead letter
    assert list((directory / "state" / "dead-letters").iterdir()), "there is something to protect"
    out = directory / "out"
    shard.process_records(record(2, TRESPASS.format(out=out, state=directory / "state", host=shard.process.pid)))
    status = dict(line.split(":\t", 1) for line in (out / "status").read_text().splitlines() if ":\t" in line)
    assert set(status["Uid"].split()) == set(status["Gid"].split()) == {"65534"} and status["Groups"].split() == ["65534"]
    assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == 0 and status["NoNewPrivs"] == "1"
    assert not (out / "written").exists(), (out / "written").read_text()
    assert {pathlib.Path(file).name for file in (out / "read").read_text().split()} == {"starter.so"}
    shard.wait_for(lambda: [line["message"] for line in shard.log(source="stdout")] == ["said"])
    shard.lose_lease()
    assert shard.finish() == 0, shard.stderr()


@AS_ROOT
def test_the_host_ends_it_all_the_same(start, directory):
    shard = start("misbehave.so", {"fault": "hang_unkillable", "in": "process_records"}, directory=directory,
                  worker={"user": NOBODY}, timeouts={"process_records": "100ms"})
    shard.initialize()
    shard.send({"action": "processRecords", "records": [record(1, "poison")], "millisBehindLatest": 0})
    assert shard.process.wait() == 1, shard.stderr()
    assert "took longer than" in shard.stderr()


@AS_ROOT
def test_it_goes_with_its_host(start, directory):
    shard = start("starter.so", {"how": "system"}, directory=directory, worker={"user": NOBODY})
    shard.initialize()
    shard.process.send_signal(signal.SIGKILL)
    shard.process.wait()
    shard.wait_until_alone()


@AS_ROOT
@pytest.mark.parametrize("user, inside, says", [
    ("nobody-of-that-name", [], "there is no user nobody-of-that-name here; make it (useradd --system nobody-of-that-name)"),
    ("0:0", [], "0:0 has root's number; name a user with fewer rights"),
    (NOBODY, ["setpriv", "--bounding-set=-setuid,-kill"], "the capabilities that it lacks: CAP_SETUID, CAP_KILL"),
])
def test_who_can_not_be_is_one_line(directory, user, inside, says):
    config = write_config(directory, "starter.so", {"how": "system"}, worker={"user": user})
    for command in ("check", "run"):
        done = subprocess.run([*inside, BIN / "kclhost", command, "--config", config], stdin=subprocess.PIPE, capture_output=True,
                              text=True, check=False)
        assert done.returncode == 2 and done.stderr.count("\n") == 1 and says in done.stderr, done
        assert command == "run" or f"{config}:1:{config.read_text().index(json.dumps(user)) + 1}: " in done.stderr


@AS_ROOT
def test_a_state_that_it_can_not_enter_is_told_with_the_cure(directory):
    directory.chmod(0o700)
    config = write_config(directory, "starter.so", {"how": "system"}, worker={"user": NOBODY})
    done = subprocess.run([BIN / "kclhost", "check", config], capture_output=True, text=True, check=False)
    assert done.returncode == 3 and done.stderr.count("\n") == 1 and "chmod o+x" in done.stderr, done
    directory.chmod(0o711)
    assert subprocess.run([BIN / "kclhost", "check", config], check=False).returncode == 0
