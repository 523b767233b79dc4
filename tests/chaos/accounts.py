"""What became of every record that was put, on all machines together."""
import base64
import json


def accepted(launches, put: dict) -> set:
    """The indexes of the records that a plugin wrote down (tests/driver/plugins/writer.cpp)."""
    found = set()
    for launch in launches:
        lines = [line for file in launch.out.glob("written.*") for line in file.read_text(errors="replace").split("\n")]
        for words in (line.split(" ") for line in lines):
            if words[0] == "#" or words[-1] != ".":
                continue  # a start, or a piece that a killed process left
            index = int(words[2].partition(":")[0])
            assert put.get(index) == (words[1], words[2]), f"{words} was written, {put.get(index)} put"
            found.add(index)
    return found


def dead_letters(launches, put: dict) -> set:
    found = set()
    for launch in launches:
        for file in (launch.state / "dead-letters").glob("*.jsonl"):
            for line in file.read_bytes().split(b"\n")[:-1]:
                try:
                    letter = json.loads(line)
                except ValueError:
                    continue  # cut short by a kill; who writes next removes it
                data = base64.b64decode(letter["data"]).decode()
                index = int(data.partition(":")[0])
                assert put.get(index) == (letter["partition_key"], data), f"{letter} is not what was put"
                found.add(index)
    return found


def check(launches, put: dict, poison: set):
    got, letters = accepted(launches, put), dead_letters(launches, put)
    missing = put.keys() - got - letters
    assert not missing, f"{len(missing)} records are lost, the first of them {put[min(missing)]}"
    assert letters == poison, f"dead letters {sorted(letters)}, poison {sorted(poison)}"
    assert not got & letters, f"accepted and set aside: {sorted(got & letters)}"
    return len(got), len(letters)
