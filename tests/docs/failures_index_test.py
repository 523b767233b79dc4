"""docs/failures.md ends with an index of the log's lines: each stands in the code, and each of the code's is there."""
import pathlib
import re

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
LITERAL = r'"(?:[^"\\]|\\.)*"'
# What a person reads at level warn or error begins with one of these. (The last line of a host is an error.)
LINES = re.compile(r"tell\((?:config::Log)?Level::(?:warn|error)|log_?\.(?:warn|error)\(|\bend\((?!\))|"
                   r"\b(?:stopped|closing_message)_ =|\btext \+=|\bwhy =")
SHORTEST = 12  # shorter ones are keys of fields, or hold a line's parts together


def statement(code, begin):
    """From there to the statement's end, which no text may hide."""
    return re.match(rf"(?:{LITERAL}|'(?:[^'\\]|\\.)'|[^;\"'])*", code[begin:]).group()


def texts(statement_text):
    """The literals, those that follow each other as one; without the names of fields."""
    joined = re.sub(r'"\s+"', "", statement_text)
    return [(joined[:found.start()].rstrip()[-1:], found.group()[1:-1].replace('\\"', '"'))
            for found in re.finditer(LITERAL, joined)]


def sources(*folders):
    return {path: re.sub(r"//[^\n]*", "", path.read_text(encoding="utf-8"))
            for folder in folders for path in sorted((TOP / "host" / folder).glob("*.[ch]pp"))}


def lines_of_the_code():
    """(file, text) of every warning and error in host/shard and host/run."""
    return sorted({(path.name, text) for path, code in sources("shard", "run").items() for found in LINES.finditer(code)
                   for before, text in texts(statement(code, found.start()))
                   if before != "{" and len(text) >= SHORTEST})


def lines_of_the_index():
    """What stands in backquotes in the first column of the tables under the index's heading."""
    index = (TOP / "docs/failures.md").read_text(encoding="utf-8").split("\n## The log's lines\n")[1]
    rows = [row.split(" | ")[0] for row in index.splitlines() if row.startswith("| `")]
    return [line for row in rows for line in re.findall(r"`([^`]+)`", row)]


def test_there_is_something_to_compare():
    assert len(lines_of_the_code()) > 25
    assert len(lines_of_the_index()) > 25


@pytest.mark.parametrize("file, text", lines_of_the_code())
def test_every_line_is_in_the_index(file, text):
    assert any(text.strip() in line for line in lines_of_the_index()), f"{file} says: {text}"


@pytest.mark.parametrize("line", lines_of_the_index())
def test_every_line_of_the_index_is_in_the_code(line):
    said = [text for code in sources("shard", "run", "store").values() for _, text in texts(code)]
    names = [name for code in sources("plugin").values() for _, name in texts(code)]
    for part in re.split(r"\b[A-Z]{3,}\b", line):
        part = part.strip(" ()`")
        call = re.match(r"([a-z_]+)(?= failed:|:)", part)
        if call and call.group(1) in names:  # a call's name stands before what became of it
            part = part[call.end():].strip()
        assert len(part) < 3 or any(part in text for text in said), part
