"""The documentation, taken apart: code blocks, and what stands in backquotes."""
import re
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)


def pages():
    """Name and text of the README and of each page in docs/."""
    return {str(path.relative_to(TOP)): path.read_text(encoding="utf-8")
            for path in [TOP / "README.md", *sorted((TOP / "docs").glob("*.md"))]}


def blocks(text, *languages):
    """The fenced blocks in one of these languages; "" is a fence that names none."""
    return [body for language, body in FENCE.findall(text) if language in languages]


def shown_commands(text):
    """The lines of a page that are meant for a shell: its sh blocks, those without a language, and indented ones."""
    lines = [line for body in blocks(text, "sh", "") for line in body.splitlines()]
    return lines + re.findall(r"^    (\S.*)$", FENCE.sub("", text), re.MULTILINE)


def inline(text):
    """What stands in backquotes; a line's end in it is a blank."""
    return [" ".join(found.split()) for found in re.findall(r"`([^`]+)`", FENCE.sub("", text))]
