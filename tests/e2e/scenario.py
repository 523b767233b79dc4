"""Scenarios: tests that run at the same time against the same services.

    @scenario
    def test_something(stage): ...

is a test for pytest like any other, but its body has a thread of its own and runs beside the others'. The longest are
`@scenario(long=True)` and begin first.
"""
import os
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial, wraps
from pathlib import Path

import fetch
import services

# A last resort against hanging for ever.
PATIENCE = 900
# Each is mostly the KCL's waiting; but where two dozen JVMs start together, one of them waits too long for its connection.
AT_ONCE = 10


class Cancelled(Exception):
    """The test run is ending early."""


def scenario(body=None, *, long=False):
    if body is None:
        return partial(scenario, long=long)

    @wraps(body)
    def test(stages):
        stages[body].result()

    del test.__wrapped__  # pytest looks there for the fixtures it is to pass
    test.scenario, test.long = body, long
    return test


@contextmanager
def started(request, tmp_path_factory, kinesis=services.Kinesis):
    """The stages of the collected scenarios, at work or waiting for their turn."""
    programs = {"kclhost": built("KCLHOST_BIN_DIR", "bin") / "kclhost",
                "plugins": built("KCLHOST_PLUGINS_DIR", "plugins"), "zoo": built("KCLHOST_ZOO_DIR", "zoo")}
    items = sorted((item for item in request.session.items if hasattr(item.obj, "scenario")),
                   key=lambda item: not item.obj.long)
    with services.LocalServices(tmp_path_factory.mktemp("services"), kinesis) as local, \
            ThreadPoolExecutor(AT_ONCE) as pool:
        stages = {item.obj.scenario: Stage(local, tmp_path_factory.mktemp(item.name), **programs) for item in items}
        try:
            for body, stage in stages.items():
                stage.begin(pool, body)
            yield stages
        finally:
            for stage in stages.values():
                stage.cancel()


def built(variable: str, default: str) -> Path:
    path = Path(os.environ.get(variable) or fetch.ROOT / "build" / "release" / default)
    assert path.exists(), f"{path} is not built; set {variable}"
    return path


class Stage:
    """What a scenario works with: the services, the programs, a directory, and care for what it starts."""

    def __init__(self, local: services.LocalServices, directory: Path, *, kclhost: Path, plugins: Path, zoo: Path):
        self.services = local
        self.directory = directory
        self.kclhost = kclhost
        self.plugins = plugins
        self.zoo = zoo
        self.processes = []
        self.notes = []
        self._cancelled = False
        self._outcome = None

    def begin(self, pool, body):
        self._outcome = pool.submit(self._run, body)

    def cancel(self):
        self._cancelled = True

    def result(self):
        """Waits for the scenario; raises what it raised, after printing what helps to understand it."""
        try:
            self._outcome.result()
        except Exception:
            print("\n".join(self.notes))
            for process in self.processes:
                print(f"\n---- the end of {process.log}\n{process.tail(40)}")
            raise

    def enter(self, process: services.Process) -> services.Process:
        """Has the process stopped, at the latest, at the scenario's end. To be called in the scenario's thread: the
        kernel ends a process with the thread that started it."""
        self.processes.append(process)
        return self._stack.enter_context(process)

    def note(self, text: str):
        """A line with the time for whoever reads a failure."""
        self.notes.append(f"{time.monotonic() - self._started:6.1f} s  {text}")
        (self.directory / "notes.txt").write_text("\n".join(self.notes) + "\n")

    def until(self, condition, what: str, state=lambda: ""):
        """Waits until condition returns something true, and returns that; state describes how far it is."""
        def check():
            if self._cancelled:
                raise Cancelled(f"while waiting for {what}")
            return condition()

        try:
            result = services.wait_for(check, what, timeout=PATIENCE, poll=0.25)
        except services.Timeout as timeout:
            raise services.Timeout(f"{timeout}: {state()}") from None
        self.note(what)
        return result

    def _run(self, body):
        if self._cancelled:
            return
        self._started = time.monotonic()
        with ExitStack() as self._stack:
            body(self)
            self.note("passed")
