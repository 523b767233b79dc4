"""What became of each record: written down by the plugin, or among the dead letters."""
import json
from pathlib import Path

from stream import Stream


class Accounts:
    """Reads what is new at each look, and checks it at once."""

    def __init__(self, stream: Stream, out: Path, letters: Path):
        self.stream = stream
        self.written, self.letters = set(), set()  # indexes of records
        self.starts = 0  # of instances
        self.repeated = 0  # lines of records that had one already
        self._out, self._letters_folder = out, letters
        self._offsets = {}
        self._sizes = {}
        self._finished = 0  # so many records, from the first on, are finished
        self._last = {}  # the last first delivery, by key

    def look(self):
        self._read_written()
        self._read_letters()
        while self._finished < len(self.stream) and (self._finished in self.written or self._finished in self.letters):
            self._finished += 1

    def check_checkpoint(self, count: int):
        """The first `count` records are about to be checkpointed, so they must be finished."""
        if count > self._finished:
            self.look()
        assert count <= self._finished, (f"a checkpoint at record {count - 1}, but record {self._finished} is not "
                                         f"finished: {self.stream.records[self._finished].data}")

    def check_end(self):
        self.look()
        missing = set(range(len(self.stream))) - self.written - self.letters
        assert not missing, f"{len(missing)} records are lost, the first of them {min(missing)}"
        assert self.letters == self.stream.poison, (
            f"dead letters but not poison: {sorted(self.letters - self.stream.poison)[:5]}, poison but no dead letters: "
            f"{sorted(self.stream.poison - self.letters)[:5]}")
        assert not self.written & self.letters
        assert len(self.written) + len(self.letters) == len(self.stream)

    def life_is_over(self):
        """Nobody writes any more to what there is."""
        self.look()
        for file in self._out.glob("written.*"):
            file.rename(self._out / "read" / file.name)
        self._offsets.clear()

    def _read_written(self):
        for file in sorted(self._out.glob("written.*"), key=lambda file: int(file.name.split(".")[1])):
            with open(file, "rb") as lines:
                lines.seek(self._offsets.get(file, 0))
                new = lines.read()
            whole = new.rfind(b"\n") + 1
            self._offsets[file] = self._offsets.get(file, 0) + whole
            for line in new[:whole].decode(errors="replace").split("\n"):
                words = line.split(" ")
                if words[-1] != ".":
                    continue  # a piece, of a process that was killed while it wrote
                if words[0] == "#":
                    self.starts += 1
                else:
                    self._record(*words[:3])

    def _record(self, place: str, key: str, data: str):
        sequence, _, sub = place.partition("/")
        number = self.stream.index.get((int(sequence), int(sub)))
        assert number is not None, f"nobody put {place} {key} {data}"
        record = self.stream.records[number]
        assert (record.key, record.data) == (key, data), f"{place} is {key} {data}, put as {record.key} {record.data}"
        if number in self.written:
            self.repeated += 1
            return
        self.written.add(number)
        last = self._last.get(key, -1)
        assert last < number, f"{key}: record {number} was delivered after {last}"
        self._last[key] = number

    def _read_letters(self):
        for file in self._letters_folder.glob("*.jsonl"):
            size = file.stat().st_size
            if self._sizes.get(file) == size:
                continue
            self._sizes[file] = size
            for line in file.read_bytes().split(b"\n")[:-1]:
                try:
                    letter = json.loads(line)
                except ValueError:
                    continue  # cut short; whoever writes next removes it
                number = self.stream.index[int(letter["sequence_number"]), letter["sub_sequence_number"]]
                assert number in self.stream.poison, (f"record {number} is among the dead letters, and no poison: "
                                                      f"{self.stream.records[number].data}: {letter}")
                self.letters.add(number)
