"""Records that end the host itself; whoever looks after it starts it again, at the last checkpoint."""
import base64
import json

import pytest

from conftest import ZOO

ATTEMPTS = 3
RETRY = {"max_attempts": ATTEMPTS, "initial_backoff": "1ms", "max_backoff": "1ms"}
GOES_ON = "an earlier process ended while it tried these records; the count goes on"


def configure(world, **more):
    return world.configure({"retry": RETRY, "then": "dead_letter"}, **more)


def configure_in_host(world, **more):
    """With the plugin in the host itself, a record that crashes it ends the host."""
    return configure(world, isolation="none", **more)


def letters(world):
    return [json.loads(line) for file in sorted((world.state / "dead-letters").glob("*.jsonl"))
            for line in file.read_text().splitlines()]


def payload(letter):
    return base64.b64decode(letter["data"]).decode()


def restart_until_done(world, config, most, batch_of=lambda start: 10_000):
    """All runs, the last of which comes to the input's end."""
    runs = []
    while not runs or runs[-1].code != 0:
        assert len(runs) < most, f"the host is restarted for ever:\n{runs[-1].err}"
        runs.append(world.replay(config, batch_of(len(runs))))
    return runs


def test_a_record_that_crashes_the_host_is_counted_across_restarts(world):
    world.write_input(["poison:abort"])
    runs = restart_until_done(world, configure_in_host(world), ATTEMPTS + 1)
    told = [[line["tries"] for line in run.lines(GOES_ON)] for run in runs]
    assert told == [[], *([str(tries)] for tries in range(1, ATTEMPTS + 1))]
    (letter,) = letters(world)
    assert payload(letter) == "poison:abort" and letter["error_code"] == "DIED"
    assert letter["attempts"] == ATTEMPTS


@pytest.mark.parametrize("interval", ["0s", "1h"])
def test_records_that_crash_the_host_end_as_dead_letters_and_nothing_else_does(world, interval):
    killers = {7, 8, 30, 41, 59}
    texts = [f"poison:abort {i}" if i in killers else f"record {i}" for i in range(60)]
    world.write_input(texts, keys=11)
    config = configure_in_host(world, checkpoint={"interval": interval})
    # For each killer: the whole range, the halvings, the record by itself.
    most = len(killers) * (ATTEMPTS + 6 + ATTEMPTS + 1)
    # A daemon's batches differ from time to time.
    restart_until_done(world, config, most, lambda start: 20 + start % 7 * 7)
    found = letters(world)
    assert sorted(map(payload, found)) == sorted(texts[i] for i in killers)
    assert all(letter["attempts"] >= ATTEMPTS and letter["error_code"] == "DIED" for letter in found)
    delivered = {}
    for line in world.delivered():
        delivered.setdefault(line["sequence_number"], line)
    assert len(delivered) == len(texts) - len(killers)
    assert not delivered.keys() & {letter["sequence_number"] for letter in found}
    by_key = {}
    for line in delivered.values():  # in the order of first delivery
        by_key.setdefault(line["partition_key"], []).append(line["sequence_number"])
    assert all(numbers == sorted(numbers) for numbers in by_key.values())
    everything = delivered.keys() | {letter["sequence_number"] for letter in found}
    assert world.checkpointed()["sequenceNumber"] == max(everything, key=int)


def test_a_host_that_is_killed_by_a_stranger_costs_no_record(world):
    """However often that happens: no try that was left undisturbed has failed. What was in flight goes through then."""
    world.write_input(["record 0", "poison:host", "record 2"])
    config = configure(world)
    for _ in range(3 * ATTEMPTS):
        assert world.replay(config).code != 0
    world.install(ZOO / "recorder_cured.so")
    run = world.replay(config)
    assert run.code == 0, run.err
    assert not letters(world)
    assert len({line["sequence_number"] for line in world.delivered()}) == 3
