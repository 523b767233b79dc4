"""A release is put into place while the host works, in every way that a team has."""
import os

import pytest

from conftest import ZOO, hang_up

TAKEN = "has taken the shard over"
WAYS = ["rename", "copy_over", "switch_link", "configure"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("holds", [False, True])
def test_each_record_behind_the_switch_is_the_new_ones(deployment, way, holds):
    kinds = ["holder", "holder_2"] if holds else ["actor", "actor_2"]
    host = deployment.start(f"{kinds[0]}.so")
    pid = host.process.pid
    texts = []
    for version, plugin in [(1, kinds[0]), (2, kinds[1]), (1, kinds[0]), (2, kinds[1])]:
        if texts:
            taken = host.told(TAKEN)
            getattr(deployment, way)(f"{plugin}.so")
            host.wait_for(lambda: host.told("is on trial") > taken)
        # What an instance holds it finishes while the daemon waits for us.
        while texts and host.told(TAKEN) == taken:
            texts.append(f"between {len(texts)}")
            deployment.process(host, texts[-1])
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


def test_many_swaps_leave_nothing_behind(deployment):
    host = deployment.start("actor.so")
    deployment.process(host, "begin")

    def descriptors():
        return len(os.listdir(f"/proc/{host.process.pid}/fd"))

    seen = []
    for swap in range(1, 21):
        deployment.rename("actor_2.so" if swap % 2 else "actor.so")
        host.wait_for(lambda: host.told(TAKEN) >= swap)
        deployment.process(host, f"text {swap}")
        host.wait_for(lambda: not deployment.state().get("trial") and len(host.processes()) == 2)
        seen.append(descriptors())
    # A worker that has just ended is buried a moment later. What is left behind is there for ever.
    host.wait_for(lambda: descriptors() == min(seen))
    assert host.finish() == 0
