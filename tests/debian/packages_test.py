"""What somebody has who installs the packages on a clean Debian. KCLHOST_IMAGE_DEBIAN names another than the
machine's own."""
import os
import re
import subprocess

import base_image
import pytest

# There is no changelog but the repository's. kclhost launch alone starts the two that have no page. noop is in C, and calls nothing.
NO_FAULTS = {"no-changelog", "no-manual-page", "shared-library-lacks-prerequisites"}


def test_lintian_finds_no_fault(packages):
    done = subprocess.run(["lintian", "--allow-root", "--suppress-tags", ",".join(NO_FAULTS), *packages.values()],
                          capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


def test_the_program_runs(debian):
    assert re.fullmatch(r"kclhost \d+\.\d+\.\d+\n", debian.run("kclhost", "--version"))
    assert debian.run("kclhost-put", "--help")
    assert "apt-get" not in debian.run("apt-get", "check")


def test_the_configuration_is_good_and_the_administrators(debian):
    debian.sh("kclhost check", user="kclhost")
    (debian.root / "etc/kclhost/kclhost.yaml").open("a").write("# mine\n")
    assert "/etc/kclhost/kclhost.yaml" in debian.run("dpkg-query", "--show", "--showformat", "${Conffiles}", "kclhost")


def test_the_user_replays_the_sample(debian):
    home = debian.root / "var/lib/kclhost"
    assert debian.run("stat", "--format", "%U:%G", "/var/lib/kclhost") == "kclhost:kclhost\n" and home.is_dir()
    debian.run("kclhost", "check", code=3)  # as root: nothing of root's comes in the service's way
    shown = debian.sh("cd; kclhost replay --format lines /usr/share/doc/kclhost/README.md", user="kclhost")
    assert re.search(r"\d+ records", shown), shown


def test_a_plugins_project_is_built_and_tested(debian):
    """With what its README asks for."""
    debian.sh("kclhost new greeter --lang cpp --to /tmp/greeter")
    needed, = re.findall(r"apt install ([a-z+ -]+)", (debian.root / "tmp/greeter/README.md").read_text())
    debian.apt_get("install", *needed.split())
    assert "100% tests passed" in debian.run("sh", "/tmp/greeter/ci.sh")


def test_each_command_has_a_page(debian, packages):
    files = debian.run("dpkg", "-L", "kclhost")
    commands = re.findall(r"^  ([a-z-]+) ", debian.run("kclhost", "--help").split("Subcommands:")[1], re.MULTILINE)
    assert len(commands) > 10
    for command in commands:
        assert f"/usr/share/man/man1/kclhost-{command}.1.gz" in files
    page = debian.root / "usr/share/man/man1/kclhost-dead-letters-purge.1.gz"
    read = subprocess.run(["man", "--warnings", page], capture_output=True, text=True, check=True, env={**os.environ, "MANWIDTH": "1000"})
    assert read.stderr == ""
    text = re.sub(r"\s+", " ", read.stdout)
    for shown in ("kclhost-dead-letters-purge - Remove them for good", "--older-than TEXT", "1 stopped by policy"):
        assert shown in text


def test_says_the_licences(debian):
    copyright = (debian.root / "usr/share/doc/kclhost/copyright").read_text()
    for library in ("libyaml-cpp-dev", "libcli11-dev", "rapidjson-dev", "libssl-dev", "Boost Software License", "libvalijson-dev"):
        assert library in copyright


def test_systemd_takes_the_unit(debian):
    unit = debian.root / "usr/lib/systemd/system/kclhost.service"
    if not unit.exists():
        pytest.skip("there is no unit")
    debian.apt_get("install", "systemd")
    assert debian.run("systemd-analyze", "verify", "--recursive-errors=no", "kclhost.service") == ""


def test_what_was_done_outlives_the_package(debian):
    """The last test: removes it."""
    (debian.root / "var/lib/kclhost/dead-letter").touch()
    debian.apt_get("purge", "kclhost", "kclhost-sdk")
    assert not (debian.root / "usr/bin/kclhost").exists() and not (debian.root / "etc/kclhost").exists()
    assert (debian.root / "var/lib/kclhost/dead-letter").exists()
    assert base_image.RELEASE in (debian.root / "etc/os-release").read_text()
