"""One record of ten thousand can't be processed, and the plugin says so: what that costs the others, which is nothing or little."""
import base64
import json
import os

import pytest

RECORDS, BAD = 10_000, 6_000
FIRST = 1_000_001  # sequence number


class Played:
    """One batch of the records, of which one is `word`."""

    def __init__(self, run, folder, plugin, word, attempts):
        self.notes = folder / "notes"
        config = folder / "kclhost.yaml"
        config.write_text(json.dumps({
            "version": 1, "plugins_dir": os.environ["KCLHOST_ZOO_DIR"], "state_dir": str(folder / "state"),
            "plugin": {"path": plugin, "config": {"notes": str(self.notes)}},
            "on_error": {"retry": {"max_attempts": attempts, "initial_backoff": "1ms", "max_backoff": "1ms"},
                         "then": "dead_letter"}}))
        records = [{"text": word if i == BAD else "x", "sequenceNumber": str(FIRST + i)} for i in range(RECORDS)]
        self.replay = run("--config", config, "--batch", RECORDS, "-", stdin="".join(json.dumps(each) + "\n" for each in records))
        assert self.replay.code == 0, self.replay.stderr
        self.letters = [json.loads(line) for file in (folder / "state/dead-letters").iterdir() for line in file.open()]

    def given(self):
        """The records' indexes in the order in which the plugin has seen them."""
        lines = (json.loads(line) for line in self.notes.open())
        return [int(line["record"]) - FIRST for line in lines if line["event"] == "begun"]

    def letter(self):
        """The only one, of the bad record: which error, why, after how many attempts."""
        letter, = self.letters
        assert letter["sequence_number"] == str(FIRST + BAD)
        return letter["error_code"], letter["error_text"], letter["attempts"]


BEFORE, BEHIND = list(range(BAD)), list(range(BAD + 1, RECORDS))


@pytest.mark.parametrize("plugin", ["actor.so", "holder.so"])
def test_a_rejected_record_costs_the_others_nothing(run, tmp_path, plugin):
    played = Played(run, tmp_path, plugin, "reject", attempts=5)
    assert played.given() == BEFORE + [BAD] + BEHIND
    assert played.letter() == ("REJECTED", "this record says so", 1)


@pytest.mark.parametrize("attempts", [1, 2, 5])
@pytest.mark.parametrize("word, again", [("blame", BEFORE), ("blame done", [])])
def test_a_culprit_that_is_named_is_not_looked_for(run, tmp_path, word, again, attempts):
    """It comes as often as it may be tried, and alone; those in front of it once more where they are not done."""
    played = Played(run, tmp_path, "actor.so", word, attempts)
    assert played.given() == BEFORE + [BAD] + again + [BAD] * (attempts - 1) + BEHIND
    error, why, tried = played.letter()
    assert (error, tried) == ("FAILED", attempts)
    assert why.startswith("this record is to blame")


@pytest.mark.parametrize("then, told, figures", [
    ("dead_letter", ", 1 set aside (kclhost dead-letters list --of-replays) in ", {"deadLetters": 1, "skipped": 0}),
    ("skip", ", 1 skipped in ", {"deadLetters": 0, "skipped": 1})])
@pytest.mark.parametrize("word", ["reject", "x"])
def test_the_summary_tells_what_was_set_aside(run, tmp_path, word, then, told, figures):
    config = tmp_path / "kclhost.yaml"
    config.write_text(json.dumps({
        "version": 1, "plugins_dir": os.environ["KCLHOST_ZOO_DIR"], "state_dir": str(tmp_path / "state"),
        "plugin": {"path": "actor.so", "config": {"notes": str(tmp_path / "notes")}}, "on_error": {"then": then}}))
    replay = run("--config", config, "--format", "lines", "-", stdin=f"x\n{word}\nx\n")
    assert replay.code == 0, replay.stderr
    if word == "x":
        told, figures = "checkpoint in ", {"deadLetters": 0, "skipped": 0}
    assert told in replay.stdout.splitlines()[0]
    assert replay.report["setAside"] == figures
