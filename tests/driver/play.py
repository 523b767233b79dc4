"""Plays worlds, some at a time, and says what came of them."""
import ctypes
import multiprocessing
import os
import shutil
import signal
import tempfile
import time
import traceback
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from settings import SETTINGS
from world import World

PR_SET_PDEATHSIG = 1


def play(lives: int, records: int, seed: int, only: str = "", jobs: int = 0) -> list:
    """Shares lives and records among the worlds; the errors, each a text."""
    settings = [setting for setting in SETTINGS if only in setting.name]
    began = time.monotonic()
    print(f"seed {seed}: {lives} lives, {records} records, {len(settings)} worlds", flush=True)
    errors, totals = [], {}
    with ProcessPoolExecutor(jobs or os.cpu_count(), multiprocessing.get_context("spawn")) as pool:
        tasks = [pool.submit(play_one, setting, seed, -(-lives // len(settings)), -(-records // len(settings)))
                 for setting in settings]
        for task in tasks:
            text, counts, error = task.result()
            print(text, flush=True)
            errors += [error] if error else []
            for what, count in counts.items():
                totals[what] = totals.get(what, 0) + count
    print(f"{time.monotonic() - began:.0f} s in all: " + ", ".join(f"{count} {what}" for what, count in totals.items()))
    return errors


def play_one(setting, seed: int, lives: int, records: int):
    """A line, counts, and the error or None. The directory stays when there is one."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # as this process's end ends its hosts
    directory = Path(tempfile.mkdtemp(prefix="kclhost-driver-"))
    began = time.monotonic()
    try:
        world = World(setting, directory, seed, lives, records)
        world.run()
    except BaseException:
        error = f"{setting.name}, seed {seed}, in {directory}:\n{traceback.format_exc()}"
        return error, {}, error
    shutil.rmtree(directory)
    accounts = world.accounts
    counts = {"lives": world.lived, "records put": len(world.stream), "accepted": len(accounts.written),
              "dead letters": len(accounts.letters), "instances": accounts.starts,
              "records accepted again": accounts.repeated, **world.trouble.done}
    text = ", ".join(f"{count} {what}" for what, count in counts.items())
    return f"{setting.name}: {text}, {time.monotonic() - began:.0f} s", counts, None
