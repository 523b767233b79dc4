"""The program's command line, run whole. KCLHOST_BIN_DIR, KCLHOST_PLUGINS_DIR and KCLHOST_ZOO_DIR name its folders."""
import json
import os
import pathlib
import subprocess

import pytest


def folder(variable):
    value = os.environ.get(variable)
    assert value, variable + " is not set; run the tests with ctest"
    return pathlib.Path(value)


class Finished:
    """How a command ended."""

    def __init__(self, process):
        self.code = process.returncode
        self.stdout = process.stdout.decode()
        self.stderr = process.stderr.decode()

    def complaint(self, code):
        """The one line that it ended with, having done nothing."""
        assert (self.code, self.stdout) == (code, ""), self.stderr
        lines = self.stderr.splitlines()
        assert len(lines) == 1, self.stderr
        return lines[0]


@pytest.fixture
def kclhost(tmp_path):
    """kclhost(arguments...) runs the program to its end."""

    def run(*arguments, stdin=b"", **more):
        return Finished(subprocess.run([folder("KCLHOST_BIN_DIR") / "kclhost", *map(str, arguments)], input=stdin,
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120,
                                       cwd=tmp_path, **more))

    return run


class Configuration:
    """A kclhost.yaml; change its text, then use its path."""

    def __init__(self, directory):
        self.path = directory / "kclhost.yaml"
        self.state = directory / "state"
        self.plugins = folder("KCLHOST_PLUGINS_DIR")
        self.zoo = folder("KCLHOST_ZOO_DIR")
        self.write()

    def write(self, plugin="minimal_c.so", plugins_dir=None, more="", plugin_more=""):
        # JSON is YAML.
        quoted = [json.dumps(str(text)) for text in (plugins_dir or self.plugins, self.state, plugin)]
        self.path.write_text("version: 1\nplugins_dir: {}\nstate_dir: {}\nplugin:\n  path: {}\n".format(*quoted) +
                             "".join("  " + line + "\n" for line in plugin_more.splitlines()) + more)
        return self.path


@pytest.fixture
def configuration(tmp_path):
    return Configuration(tmp_path)
