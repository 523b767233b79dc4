"""A hundred thousand records, fifty of which break the processor in five ways: those fifty are set aside, and nobody
else notices."""
import signal
from statistics import median

import accepted
import poison
from scenario import Stage, scenario

SHARDS, RECORDS, OF_EACH_KIND = 8, 100_000, 10


@scenario
def test_fifty_of_a_hundred_thousand(stage):
    records = poison.Input(stage, RECORDS, SHARDS, spread(OF_EACH_KIND))
    hurt = run(stage, records, poison.application(stage, records, {"then": "dead_letter"}))
    calls = accepted.calls(hurt.records)
    letters = poison.dead_letters(hurt.state)
    assert sorted(letters) == sorted(records.poisoned().items())
    accepted.check_all(calls, records.good())
    accepted.check_order(calls)

    # The same stream once more, for a processor that finds nothing wrong with it.
    unhurt = run(stage, records, poison.application(stage, records, {"then": "dead_letter"}, poison=False))
    unhurt_calls = accepted.calls(unhurt.records)
    assert not (unhurt.state / "dead-letters").exists()
    print(f"\n{len(letters)} dead letters, {accepted.repeated(calls)} records accepted again")
    compare("the processor's time for a batch", in_the_processor(calls), in_the_processor(unhurt_calls))
    compare("from one batch's end to the next's", cycles(calls), cycles(unhurt_calls))


def spread(of_each_kind: int) -> dict:
    """Kinds by shard, every shard getting its share of each."""
    plan = {shard: [] for shard in range(SHARDS)}
    for number in range(of_each_kind * len(poison.KINDS)):
        plan[number % SHARDS].append(poison.KINDS[number // of_each_kind])
    return plan


def run(stage: Stage, records: poison.Input, application):
    """A daemon from the stream's first record to its last; it must live that long and then stop in good order."""
    daemon = application.start()
    application.until(lambda: not application.unfinished(), "every lease at its end")
    daemon.send(signal.SIGTERM)
    assert daemon.wait() == 128 + signal.SIGTERM
    assert len(application.daemons) == 1
    return daemon


def compare(what: str, beside_poison: list, without_any: list):
    """Told, not tested: nothing may depend on how busy the machine is."""
    ratio = median(beside_poison) / median(without_any)
    print(f"batches without poison, {what}, median: {median(beside_poison):.0f} us of {len(beside_poison)} beside "
          f"poison, {median(without_any):.0f} us of {len(without_any)} in a run without any: ratio {ratio:.2f}")


def whole(call) -> bool:
    """A batch of the daemon's that was accepted whole and at once: a poisoned one comes in parts."""
    return len(call.records) == poison.PROPERTIES["maxRecords"] and call.attempt == 1


def in_the_processor(calls: dict) -> list:
    return [call.at - call.began for each in calls.values() for call in each if whole(call)]


def cycles(calls: dict) -> list:
    """Reading, decoding, handing over and acknowledging included."""
    return [call.at - before.at for each in calls.values() for before, call in zip(each, each[1:])
            if whole(before) and whole(call)]
