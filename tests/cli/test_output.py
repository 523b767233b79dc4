"""Output that can't be written is an error, whichever command prints it."""
import os
import pathlib
import subprocess

import pytest
from conftest import folder

from test_usage import COMMANDS

PRINTERS = {
    "check": ["check", "CONFIG"],
    "check --json": ["check", "--json", "CONFIG"],
    "inspect": ["inspect", "PLUGIN"],
    "inspect --json": ["inspect", "--json", "PLUGIN"],
    "import": ["import", "PROPERTIES"],
    "schema": ["schema"],
    "replay": ["replay", "--config", "CONFIG", "--format", "lines", "-"],
    "dead-letters list": ["dead-letters", "list", "CONFIG"],
    "dead-letters list --json": ["dead-letters", "list", "--json", "CONFIG"],
    "dead-letters show": ["dead-letters", "show", "CONFIG"],
    "dead-letters replay": ["dead-letters", "replay", "CONFIG"],
    "dead-letters purge": ["dead-letters", "purge", "--yes", "CONFIG"],
    "launch --print-properties": ["launch", "--print-properties", "CONFIG"],
    "--help": ["--help"],
    "--version": ["--version"],
    **{command + " --help": [command, "--help"] for command in COMMANDS},
}


@pytest.fixture
def printer(configuration):
    """printer(name, stdout) runs a command that prints; its exit code and standard error."""
    configuration.write(more="daemon: {properties: {applicationName: app, streamName: s, "
                             "AWSCredentialsProvider: DefaultCredentialsProvider, regionName: us-east-1}}\n")
    named = {"CONFIG": configuration.path, "PLUGIN": configuration.plugins / "minimal_c.so",
             "PROPERTIES": pathlib.Path(__file__).parent / "properties" / "python.properties"}

    def run(name, stdout):
        arguments = [str(named.get(argument, argument)) for argument in PRINTERS[name]]
        done = subprocess.run([folder("KCLHOST_BIN_DIR") / "kclhost", *arguments], input=b"a record\n", stdout=stdout,
                              stderr=subprocess.PIPE, timeout=120)
        return done.returncode, done.stderr.decode()

    return run


@pytest.mark.parametrize("name", PRINTERS)
def test_a_full_device(printer, name):
    code, err = printer(name, subprocess.PIPE)
    assert code == 0, err
    with open("/dev/full", "wb") as full:
        code, err = printer(name, full)
    assert code == 1
    assert "can't write to standard output" in err.splitlines()[-1]


@pytest.mark.parametrize("name", PRINTERS)
def test_a_pipe_that_nobody_reads(printer, name):
    reading, writing = os.pipe()
    os.close(reading)
    code, _ = printer(name, writing)
    os.close(writing)
    assert code == 4 or code < 0  # by SIGPIPE


@pytest.mark.skipif(not pathlib.Path("/dev/full").exists(), reason="no /dev/full")
def test_a_failure_of_its_own_is_what_counts(kclhost, configuration):
    configuration.write("missing.so")
    with open("/dev/full", "wb") as full:
        done = subprocess.run([folder("KCLHOST_BIN_DIR") / "kclhost", "check", "--json", configuration.path],
                              stdout=full, stderr=subprocess.PIPE, timeout=120)
    assert done.returncode == 3
    assert b"can't write to standard output" in done.stderr
