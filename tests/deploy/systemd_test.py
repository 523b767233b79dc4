"""The systemd unit."""
import configparser
import re
import shlex
import subprocess

import pytest
from conftest import FILES, KCLHOST, ROOT, SAMPLE, is_a_command

UNIT = FILES / "kclhost.service"
MOST_EXPOSED = 20  # tenths of systemd's points: 0 is shut in, 100 is wide open


class Unit(configparser.RawConfigParser):
    def __init__(self):
        super().__init__(strict=False, interpolation=None)
        self.optionxform = str
        self.read(UNIT)


@pytest.fixture
def verify(tmp_path):
    """verify(text): what systemd-analyze has against it."""

    def run(text):
        unit = tmp_path / UNIT.name
        unit.write_text(text.replace("/usr/bin/kclhost", str(KCLHOST)))
        done = subprocess.run(["systemd-analyze", "verify", "--recursive-errors=no", unit], capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    return run


def test_systemd_understands_it(verify):
    assert verify(UNIT.read_text()) == (0, "")


@pytest.mark.parametrize("right, wrong", [("Restart=on-failure", "Restart=on-failures"), ("KillMode", "KilMode"),
                                          ("/usr/bin/kclhost launch", "/usr/bin/kclhosts launch")])
def test_systemd_would_find_a_mistake(verify, right, wrong):
    assert UNIT.read_text().count(right) == 1
    code, told = verify(UNIT.read_text().replace(right, wrong))
    assert code or told


def test_it_has_few_rights():
    done = subprocess.run(["systemd-analyze", "security", "--offline=true", f"--threshold={MOST_EXPOSED}", "--no-pager", UNIT],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_its_commands_are_kclhosts():
    service = Unit()["Service"]
    for key in ("ExecStart", "ExecReload"):
        program, *words = shlex.split(service[key])
        assert program == "/usr/bin/kclhost" and is_a_command(words), service[key]


def test_a_command_beside_it_has_its_user_and_variables():
    page = (ROOT / "docs/deploy.md").read_text(encoding="utf-8")
    shown, = re.findall(r"^    (systemd-run (?:.*\\\n)*.*)$", page, re.MULTILINE)
    options = dict(word.removeprefix("--").split("=", 1) for word in shlex.split(shown) if word.startswith("--") and "=" in word)
    service = Unit()["Service"]
    assert options["uid"] == service["User"]
    assert options["property"] == f"EnvironmentFile={service['EnvironmentFile']}"
    assert options["setenv"] == service["Environment"].replace("%S", "/var/lib")


def test_it_is_told_and_waits_long_enough(grace):
    service = Unit()["Service"]
    assert service["Type"] == "notify" and service["KillMode"] == "mixed"
    assert int(service["TimeoutStopSec"]) > grace(SAMPLE, {})
