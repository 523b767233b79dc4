"""Every command and option that the documentation names is in --help, and everything in --help is documented."""
import functools
import os
import re
import subprocess
from pathlib import Path

import pytest

from pages import TOP, inline, pages, shown_commands

OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
# Of other programs that a page speaks of.
FOREIGN = {"--gc-sections"}
# The program, and not a folder, a file or a user of its name.
PROGRAM = re.compile(r"(?:^|[\s']|bin/)kclhost +(?=([^|;&>]*))")
# What a command prints begins with its name.
SAYS = re.compile(r"^kclhost [a-z]+: .*")


@functools.cache
def help_of(command=()):
    kclhost = Path(os.environ["KCLHOST_BIN_DIR"]) / "kclhost"
    done = subprocess.run([kclhost, *command, "--help"], capture_output=True, text=True, check=True)
    return done.stdout


@functools.cache
def subcommands(command=()):
    listed = help_of(command).split("\nSubcommands:\n")
    return re.findall(r"^  ([a-z][a-z-]*) ", listed[1], re.MULTILINE) if len(listed) > 1 else []


@functools.cache
def options(command=()):
    """The long options, and the letters of those that have one."""
    declared = re.findall(r"^ +((?:-\w,)?--[a-z][a-z-]*)", help_of(command), re.MULTILINE)
    return {name for each in declared for name in each.split(",")}


def commands(command=()):
    """All of them, as words: ("dead-letters", "list")."""
    below = [name for sub in subcommands(command) for name in commands((*command, sub))]
    return ([command] if command else []) + below


def named(line):
    """(command, options) of each kclhost that a line of shell starts."""
    found = []
    for words in PROGRAM.findall(SAYS.sub("", re.sub(r"\s{3,}.*| # .*", "", line))):
        # One within quotes ends with them; what another has in quotes is one word of its own.
        words = words.split("'")[0] if words.count("'") % 2 else re.sub(r"'[^']*'", "''", words)
        words, command = [word.strip("[]'\"") for word in words.split()], ()
        while words and words[0] in subcommands(command):
            command = (*command, words.pop(0))
        found.append((command, words))
    return found


def shown():
    """(page, line, command, its words) of each command on the pages."""
    return [(page, line, command, words) for page, text in pages().items()
            for line in shown_commands(text) + [span for span in inline(text) if re.match(r"(\S*/)?kclhost [a-z-]", span)]
            for command, words in named(line)]


def page_options():
    """(page, option) of each option that stands in backquotes without its command."""
    return sorted({(page, option) for page, text in pages().items() for span in inline(text) if span.startswith("-")
                   for option in OPTION.findall(span)} - {(page, option) for page in pages() for option in FOREIGN})


def scripts_of(text):
    """The text of the project's own programs that a page names."""
    names = {word.removeprefix("./") for line in inline(text) + shown_commands(text) for word in line.split()[:1]}
    return "".join(path.read_text(encoding="utf-8") for path in map(TOP.joinpath, sorted(names))
                   if path.is_file() and os.access(path, os.X_OK))


def test_there_is_something_to_compare():
    assert len(commands()) > 12 and len(shown()) > 40 and len(page_options()) > 30
    assert {"--shard", "--sequence", "--older-than"} <= options(("dead-letters", "purge"))
    assert {"-w", "--word"} <= options(("put",))


@pytest.mark.parametrize("page, line, command, words", shown())
def test_the_program_has_the_command_and_its_options(page, line, command, words):
    if subcommands(command):
        wrong = [word for word in words if not word.startswith("-")]
        assert not wrong, f"{page}: kclhost {' '.join(command)} has no command {wrong[0]}: {line}"
    for option in {word.split("=")[0] for word in words if re.match(r"--?[a-z]", word)}:
        assert option in options(command), f"{page}: kclhost {' '.join(command)} has no {option}: {line}"


@pytest.mark.parametrize("page, option", page_options())
def test_a_command_of_the_page_has_the_option(page, option):
    """One that the page is about: an option alone belongs to a command that it names."""
    named_there = {command for name, _, command, _ in shown() if name == page}
    named_there |= {below for command in named_there for below in commands(command)}
    assert (any(option in options(command) for command in named_there)
            or option in scripts_of(pages()[page])), f"no command on {page} has {option}"


@pytest.mark.parametrize("command", commands(), ids=" ".join)
def test_the_command_is_documented(command):
    assert any(each[:len(command)] == command for _, _, each, _ in shown()), f"kclhost {' '.join(command)} is on no page"


@pytest.mark.parametrize("command, option",
                         [(command, option) for command in [(), *commands()]
                          for option in sorted(options(command) - {"-h", "--help"})])
def test_the_option_is_documented(command, option):
    """With the command, or on the page that is about it. docs/NAME.md is about the command NAME, where it is there."""
    if any(each == command and option in words for _, _, each, words in shown()):
        return
    own = f"docs/{' '.join(command[:1])}.md"
    about = {own} if own in pages() else {page for page, _, each, _ in shown() if each[:1] == command[:1]}
    mentioned = [page for page in about for line in shown_commands(pages()[page]) + inline(pages()[page])
                 if re.search(rf"(?<![\w-]){option}(?![\w-])", line)]
    assert mentioned, f"kclhost {' '.join(command)} {option} is on none of {', '.join(sorted(about))}"
