"""A release is put into place while the host works, in every way that a team has."""
import fcntl
import os
import pathlib
import re
import subprocess

import pytest

from conftest import SANITIZED, ZOO, hang_up
from shard import Shard

TAKEN = "has taken the shard over"
WAYS = ["rename", "copy_over", "switch_link", "configure"]


def open_files(pid):
    files = []
    for one in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        try:
            files.append(os.readlink(one))
        except OSError:
            pass  # closed by now
    return files


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("holds", [False, True])
def test_each_record_behind_the_switch_is_the_new_ones(deployment, way, holds):
    kinds = ["holder", "holder_2"] if holds else ["actor", "actor_2"]
    host = deployment.start(f"{kinds[0]}.so")
    pid = host.process.pid
    texts = []

    def between():
        texts.append(f"between {len(texts)}")
        deployment.process(host, texts[-1])

    for version, plugin in [(1, kinds[0]), (2, kinds[1]), (1, kinds[0]), (2, kinds[1])]:
        if texts:
            taken = host.told(TAKEN)
            getattr(deployment, way)(f"{plugin}.so")
            host.wait_for(lambda: host.told("is on trial") > taken)
            # What an instance holds it finishes while the daemon waits for us.
            host.wait_for(lambda: between() or host.told(TAKEN) > taken)
        before = len(deployment.notes())
        for _ in range(3):
            texts.append(f"text {len(texts)}")
            deployment.process(host, texts[-1])
        assert {note["version"] for note in deployment.notes()[before:]} == {version}
        host.wait_for(lambda: deployment.state()["current"] and not deployment.state().get("trial"))
    assert [note["data"] for note in deployment.notes()] == texts, "each is processed once, in order"
    host.request_shutdown()
    assert host.process.pid == pid and host.checkpoints[-1] == (str(deployment.number), 0)
    assert host.finish() == 0


@pytest.mark.parametrize("way", WAYS)
def test_a_release_that_comes_while_a_host_starts_is_not_missed(deployment, way):
    first = deployment.start("actor.so", shard="first")
    deployment.process(first, "one")
    lock = deployment.directory / "state" / "releases" / "lock"
    with open(lock, "rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        host = Shard(deployment.directory, "plugin.so", deployment.config, state_dir=str(deployment.directory / "state"),
                     **deployment.settings)
        deployment.hosts.append(host)
        host.wait_for(lambda: str(lock) in open_files(host.process.pid))
        first.finish()
        getattr(deployment, way)("actor_2.so")
    host.initialize()
    host.wait_for(lambda: host.told(TAKEN))
    deployment.process(host, "two")
    assert [note["version"] for note in deployment.notes()] == [1, 2]
    assert host.finish() == 0


def test_another_configuration_of_the_same_plugin_is_a_release(deployment):
    host = deployment.start("actor.so")
    deployment.process(host, "one")
    elsewhere = deployment.directory / "elsewhere"
    deployment.configure(notes=str(elsewhere))
    host.wait_for(lambda: host.told(TAKEN))
    deployment.process(host, "two")
    assert [note["data"] for note in deployment.notes()] == ["one"]
    assert '"two"' in elsewhere.read_text()
    assert host.finish() == 0


def test_sighup_has_the_host_look(deployment):
    host = deployment.start("actor.so")
    deployment.process(host, "one")
    hang_up(host)
    deployment.process(host, "two")
    deployment.rename("actor_2.so")
    hang_up(host)
    host.wait_for(lambda: host.told(TAKEN))
    deployment.process(host, "three")
    assert [note["version"] for note in deployment.notes()] == [1, 1, 2]
    assert host.finish() == 0


NO_WATCHES = ["unshare", "--user", "--map-root-user", "sh", "-c",
              'echo 0 > /proc/sys/user/max_inotify_watches && exec "$@"', "sh"]


@pytest.mark.skipif(subprocess.run([*NO_WATCHES, "true"], capture_output=True).returncode != 0,
                    reason="this system gives nobody a limit of his own")
def test_without_watches_the_host_looks_now_and_then(deployment):
    host = deployment.start("actor.so", inside=NO_WATCHES)
    assert host.told("raise fs.inotify.max_user_watches") == 1
    deployment.rename("actor_2.so")
    host.wait_for(lambda: deployment.process(host, "more") or deployment.notes()[-1]["version"] == 2)
    assert host.told("raise fs.inotify.max_user_watches") == 1
    assert host.finish() == 0


def test_the_next_host_runs_the_same_release(deployment):
    host = deployment.start("actor.so")
    deployment.rename("actor_2.so")
    host.wait_for(lambda: host.told(TAKEN))
    deployment.process(host, "one")
    host.wait_for(lambda: not deployment.state().get("trial"))
    assert host.finish() == 0
    # Whatever is in place of the file by then.
    (deployment.plugins / "plugin.so").unlink()
    host = deployment.start()
    deployment.process(host, "two")
    assert [note["version"] for note in deployment.notes()] == [2, 2]
    assert host.finish() == 0


def test_a_half_copied_file_is_waited_for(deployment):
    host = deployment.start("actor.so")
    content = (ZOO / "actor_2.so").read_bytes()
    with open(deployment.plugins / "plugin.so", "r+b") as file:
        file.truncate(0)
        file.write(content[:len(content) // 2])
        file.flush()
        hang_up(host)
        deployment.process(host, "one")
        assert not host.told("is on trial") and not host.told("could not take over")
        file.write(content[len(content) // 2:])
    host.wait_for(lambda: host.told(TAKEN))
    deployment.process(host, "two")
    assert [note["version"] for note in deployment.notes()] == [1, 2]
    assert host.finish() == 0


def test_many_swaps_leave_nothing_behind(deployment, request):
    swaps = request.config.getoption("--swaps")
    host = deployment.start("actor.so", log={"level": "info"})
    deployment.process(host, "begin")

    def footprint():
        """Descriptors, and KiB that are the host's own."""
        # A worker that has just ended is buried a moment later. What is left behind is there for ever.
        host.wait_for(lambda: len(host.processes()) == 2)
        process = pathlib.Path("/proc", str(host.process.pid))
        memory = re.search(r"^Anonymous: +(\d+) kB", (process / "smaps_rollup").read_text(), re.MULTILINE)
        return len(os.listdir(process / "fd")), int(memory[1])

    def is_over():
        state = deployment.state()
        return state["current"] == swap + 1 and not state.get("trial")

    seen = []
    for swap in range(1, swaps + 1):
        # Each is a release of its own: the same content may come again only while `keep` has it.
        deployment.rename("actor_2.so" if swap % 2 else "actor.so", tail=str(swap))
        hang_up(host)
        host.wait_for(lambda: deployment.process(host, f"text {deployment.number}") or is_over())
        seen.append(footprint())
    records = [note["record"] for note in deployment.notes()]
    assert records == [str(number) for number in range(101, deployment.number + 1)], "each once, in order"
    warm = min(50, swaps // 2)
    print(f"{swaps} swaps: {seen[warm - 1][1]} KiB and {seen[warm - 1][0]} descriptors after {warm}, {seen[-1][1]} KiB and "
          f"{seen[-1][0]} after the last")
    # Of the last few releases it keeps a file open each, so that nobody removes them.
    assert min(seen[-5:])[0] <= max(seen[:warm])[0], seen
    if not SANITIZED:
        assert max(memory for _, memory in seen[-5:]) <= max(memory for _, memory in seen[:warm]) + 128
    assert len(list((deployment.directory / "state/releases").glob("[0-9]*"))) <= 7
    assert host.finish() == 0
