"""`kclhost conformance`, run whole, and what it says of a plugin."""
import json
import os
import pathlib
import subprocess

import pytest


def folder(variable):
    value = os.environ.get(variable)
    assert value, variable + " is not set; run the tests with ctest"
    return pathlib.Path(value)


PLUGINS, ZOO, CORE, NONCONFORMING = (folder(f"KCLHOST_{name}_DIR")
                                     for name in ("PLUGINS", "ZOO", "CORE_PLUGINS", "NONCONFORMING"))


class Said:
    """How a conformance run ended, and what it found."""

    def __init__(self, process):
        self.code, self.stdout, self.stderr = process.returncode, process.stdout, process.stderr
        self.report = json.loads(self.stdout) if self.stdout.startswith("{") else None

    def _lines(self, weight):
        return [f"{one['done']}: {one['did']}; {one['mend']}" for one in self.report["findings"]
                if one["weight"] == weight]

    @property
    def findings(self):
        return self._lines("finding")

    @property
    def warnings(self):
        return self._lines("warning")

    @property
    def lasting_warnings(self):
        """Those that a busy machine does not bring about."""
        return [line for line in self.warnings if "asked to stop" not in line]

    def passes(self):
        assert (self.code, self.findings) == (0, []), self.stdout + self.stderr
        assert len(self.report["scenes"]) > 15 and not self.report["broken_off"]
        return self

    def finds(self, *words):
        """One finding has all of these words."""
        assert self.code == 1, self.stdout + self.stderr
        assert any(all(word in line for word in words) for line in self.findings), self.stdout
        return self

    def warns(self, *words):
        assert any(all(word in line for word in words) for line in self.warnings), self.stdout
        return self


@pytest.fixture
def conformance(tmp_path):
    """conformance(arguments...) runs the command; conformance.of(plugin, config...) reads its JSON."""

    def run(*arguments):
        return Said(subprocess.run([folder("KCLHOST_BIN_DIR") / "kclhost", "conformance", *map(str, arguments)],
                                   stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
                                   cwd=tmp_path, timeout=600))

    def of(plugin, config=None, records=None, timeout=None):
        arguments = [plugin, "--json", "--timeout", timeout or 120]  # a busy machine must not make a hang of anything
        if config is not None:
            arguments += ["--config", json.dumps(config)]
        if records is not None:
            file = tmp_path / "records.txt"
            file.write_text("".join(record + "\n" for record in records))
            arguments += ["--records", file, "--format", "lines"]
        return run(*arguments)

    run.of = of
    return run
