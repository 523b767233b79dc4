"""CPU time is the tree's, with that of processes that have ended; a process has ended when its last thread has."""
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from usage import Usage, alive, fields  # noqa: E402

# A process with a child that works and ends, and with another that works and stays.
TREE = """
import os, sys, time
def work():
    while sum(os.times()[:2]) < 0.5:
        pass
if not os.fork():
    work()
    os._exit(0)
os.wait()
if not os.fork():
    work()
    print("done", flush=True)
    sys.stdin.read()
    os._exit(0)
sys.stdin.read()
os.wait()
"""


def test_the_cpu_time_of_a_tree():
    with subprocess.Popen([sys.executable, "-c", TREE], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        usage = Usage(process.pid)
        assert process.stdout.readline() == b"done\n"
        working = usage.cpu()
        assert len(usage.processes()) == 2 and usage.memory() > 0
        process.stdin.close()
        process.wait()
        assert working >= 0.9, "both children"
        assert usage.cpu() == working, "it does not fall when the tree has ended"
        usage.stop()


# Its first thread ends, and another one stays.
THREADS = """
import ctypes, os, sys, threading
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0))).start()
ctypes.CDLL(None).pthread_exit(None)
"""


def test_a_process_lives_as_long_as_one_of_its_threads():
    with subprocess.Popen([sys.executable, "-c", THREADS], stdin=subprocess.PIPE) as process:
        while fields(process.pid)[0] != "Z":
            pass
        assert alive(process.pid)
        process.stdin.close()
        process.wait()
        assert not alive(process.pid)
