"""Disks that are full, read-only, or hold garbage: one clear line, an end, and nothing acknowledged."""
import json
import subprocess
from functools import cache

import pytest

# A small disk, or none to write on, for the program alone: in a mount namespace of its own, which is gone with it.
NAMESPACE = ["unshare", "--map-root-user", "--mount", "--"]
FULL = "mount -t tmpfs -o size=16k none"
NO_FILES = "mount -t tmpfs -o nr_inodes=1 none"
READ_ONLY = "mount -o ro,bind"


@cache
def namespaces() -> bool:
    return subprocess.run([*NAMESPACE, "true"], capture_output=True, check=False).returncode == 0


def replay_with(world, config, mount, directory, batch=10_000, fill=0):
    """A replay for which the directory is mounted that way. READ_ONLY shows what is in it, the others have `fill` bytes."""
    if not namespaces():
        pytest.skip("this system lets nobody have a mount namespace")
    directory.mkdir(exist_ok=True)
    what = f"{mount} {directory} {directory}" if mount == READ_ONLY else f"{mount} {directory}"
    if fill:
        what += f"; head -c {fill} /dev/zero >{directory}/filler"
    return world.replay(config, batch, inside=[*NAMESPACE, "sh", "-ec", f'{what}; exec "$@"', "sh"])


def complaints(run):
    """Errors other than the processor's own, in the log or outside of it; replay has a line of its own."""
    told = [line["message"] for line in run.log if line["level"] == "error"]
    others = [line for line in run.err.splitlines() if not line.startswith("{")]
    return [line for line in told + others if "process_records failed" not in line and "the child ended" not in line]


@pytest.mark.parametrize("mount", [FULL, NO_FILES], ids=["no bytes", "no files"])
@pytest.mark.parametrize("lanes", [1, 4])
def test_dead_letters_on_a_full_disk(world, mount, lanes):
    poison = "poison:throw" + "x" * 100_000
    world.write_input([poison if i == 12 else f"record {i}" for i in range(20)])
    letters = world.dir / "letters"
    config = world.configure({"then": "dead_letter"}, dead_letter={"path": str(letters)}, concurrency=lanes)
    run = replay_with(world, config, mount, letters)
    assert run.code == 1
    (line,) = complaints(run)
    assert str(letters) in line and "No space left on device" in line
    # At most what is in front of it is acknowledged; with lanes, some of that may not have been finished.
    front = sorted({each["sequence_number"] for each in world.delivered()})[:12]
    acknowledged = world.checkpointed()["sequenceNumber"] if world.checkpointed() else ""
    assert acknowledged == front[-1] if lanes == 1 else acknowledged <= front[-1]

    assert world.replay(config).code == 0  # there is room again
    (file,) = letters.glob("*.jsonl")
    (letter,) = map(json.loads, file.read_text().splitlines())
    assert letter["data"] and len({each["sequence_number"] for each in world.delivered()}) == 19


@pytest.mark.parametrize("mount, reason, cure", [
    (FULL, "No space left on device", "free some space there"),
    (READ_ONLY, "Read-only file system", "state_dir must be writable"),
], ids=["full", "read-only"])
def test_a_state_dir_without_room(world, mount, reason, cure):
    world.write_input(["record 0"])
    run = replay_with(world, world.configure({"then": "skip"}), mount, world.state)
    assert run.code == 3
    (line,) = complaints(run)
    assert str(world.state) in line and reason in line and cure in line
    assert world.checkpointed() is None and not world.delivered()


def test_the_last_bytes_of_a_disk_are_not_the_plugins(world):
    """A dead letter that another shard writes meanwhile would find no room."""
    world.write_input(["record 0"])
    config = world.configure({"then": "skip"})
    fill = 6 << 20
    # The plugin itself has room.
    mount = f"mount -t tmpfs -o size={fill + (world.plugins / 'plugin.so').stat().st_size + (256 << 10)} none"
    run = replay_with(world, config, mount, world.state, fill=fill)
    assert run.code == 3
    (line,) = complaints(run)
    assert "can't stage the plugin" in line and "No space left on device; free some space there" in line
    run = replay_with(world, config, mount, world.state)
    assert run.code == 0, run.err


def test_a_state_dir_that_has_become_read_only(world):
    """The plugin is staged already: which release runs can't be agreed on, nor how often records were tried be kept."""
    world.write_input(["record 0"])
    config = world.configure({"then": "skip"})
    assert world.replay(config).code == 0
    acknowledged, delivered = world.checkpointed(), world.delivered()
    world.write_input(["record 0", "record 1"])
    run = replay_with(world, config, READ_ONLY, world.state)
    assert run.code == 3
    (line,) = complaints(run)
    assert str(world.state / "releases") in line and "Read-only file system; state_dir must be writable" in line
    assert world.checkpointed() == acknowledged and world.delivered() == delivered


DAMAGE = {"short": lambda whole: b"garbage", "cut": lambda whole: whole[:-1], "all": lambda whole: b"\xff" * len(whole),
          "behind its head": lambda whole: whole[:16] + b"\xff" * (len(whole) - 16)}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_garbage_for_the_tries(world, damage):
    world.write_input(["record 0"])
    config = world.configure({"then": "skip"})
    assert world.replay(config).code == 0
    world.checkpoint.unlink()
    (tries,) = (world.state / "tries").iterdir()
    tries.write_bytes(damage(tries.read_bytes()))
    delivered = world.delivered()
    run = world.replay(config)
    assert run.code == 1
    (line,) = complaints(run)
    assert f"{tries} is damaged; remove it" in line
    assert world.checkpointed() is None and world.delivered() == delivered


def test_garbage_for_dead_letters(world):
    world.write_input(["record 0", "poison:throw"])
    letters = world.dir / "letters"
    letters.mkdir()
    config = world.configure({"then": "dead_letter"}, dead_letter={"path": str(letters)})
    assert world.replay(config).code == 0
    (file,) = letters.glob("*.jsonl")
    file.write_bytes(b"garbage\nand more of it\n")
    world.checkpoint.unlink()
    run = world.replay(config)
    assert run.code == 1
    (line,) = complaints(run)
    assert str(file) in line
    assert file.read_bytes() == b"garbage\nand more of it\n"
    assert world.checkpointed()["sequenceNumber"] == world.delivered()[0]["sequence_number"]
