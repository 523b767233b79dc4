#!/usr/bin/python3
"""Stands in for Java under `kclhost launch`: writes down how it was started and does what $FAKE says."""
import json
import os
import signal
import socket
import sys
import time

directory = os.environ["FAKE_DIR"]
mode = os.environ.get("FAKE", "")


def note(name, text=""):
    with open(os.path.join(directory, name), "a") as file:
        file.write(text + "\n")


def wait_for(name):
    while not os.path.exists(os.path.join(directory, name)):
        time.sleep(0.01)


if any(name in os.environ for name in ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")):
    note("could-speak-for-launch", " ".join(sys.argv))
if "-Xshare:on" in sys.argv or "-Xshare:dump" in sys.argv:
    archive, = (word.partition("=")[2] for word in sys.argv if word.startswith("-XX:SharedArchiveFile="))
if "-Xshare:dump" in sys.argv:
    with open(archive, "w") as file:
        file.write("fits")
    sys.exit(0)
if "-Xshare:on" in sys.argv:  # is it an archive of ours?
    with open(archive) as file:
        content = file.read()
    if content == "fits later":
        note("asked")
        wait_for("answer")
    sys.exit(0 if content.startswith("fits") else 1)


def grandchild(*, leave_group):
    """A process whose parent ends at once."""
    if os.fork():
        os.wait()
        return
    if leave_group:
        os.setsid()
    if os.fork():
        os._exit(0)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    note("orphan", str(os.getpid()))
    wait_for("release-orphan")
    note("orphan-done")
    os._exit(0)


def on_term(_number, _frame):
    note("term")
    if mode == "stubborn":
        return
    if mode == "slow":
        wait_for("release")
    os._exit(7 if mode == "fails-to-stop" else 143)


def log_sink():
    """A socket that is connected to launch's: by its name in its folder, because its path may be too long for a socket."""
    folder, name = os.path.split(os.environ["KCLHOST_LOG_SOCKET"])
    os.chdir(folder)
    sink = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sink.connect(name)
    return sink


signal.signal(signal.SIGTERM, on_term)
signal.signal(signal.SIGQUIT, lambda *_: note("quit"))
if mode.startswith("exit-"):
    sys.exit(int(mode[5:]))
if mode == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
if mode.startswith("killed-by-"):
    os.kill(os.getpid(), int(mode[10:]))
if mode == "log":
    sink = log_sink()
    for line in ("first line", "größe %s %d", "x" * 100_000, "last line"):
        sink.send(line.encode())
    sys.exit(0)
if mode == "talk":
    os.write(1, b"first line\nsecond ")
    os.write(2, "größe\n".encode() + b"x" * 3_000_000 + b"\n")
    os.write(1, b"line\nno newline")
    sys.exit(0)
if mode.startswith("says:"):
    os.write(2, (mode[5:] + "\n").encode())
if mode.startswith("ends-saying:"):
    os.write(2, (mode[12:] + "\n").encode())
    sys.exit(0)
if mode.startswith("floods-saying:"):
    note("pid", str(os.getpid()))
if mode == "floods" or mode.startswith("floods-saying:"):  # more than a pipe and a buffer hold
    for out in (1, 2):
        for _ in range(100):
            os.write(out, (b"x" * 9 + b"\n") * 200)
    os.write(2, mode[14:].encode())
    note("flooded")
if mode == "floods-and-ends":  # less than a slow reader takes while it is waited for
    os.write(1, (b"x" * 9 + b"\n") * 3000)
    sys.exit(0)
if mode == "floods-log":
    sink = log_sink()
    for _ in range(2000):
        sink.send(b"x" * 1000)
    note("flooded")
if mode in ("orphan", "stubborn"):
    grandchild(leave_group=False)
    grandchild(leave_group=True)
if mode == "orphan":
    sys.exit(0)
if mode == "short-orphan":
    note("release-orphan")
    grandchild(leave_group=False)
report = {"argv": sys.argv, "pid": os.getpid(), "pgid": os.getpgid(0), "stdin": os.readlink("/proc/self/fd/0"),
          "blocked": [int(number) for number in signal.pthread_sigmask(signal.SIG_BLOCK, [])],
          "socket": os.environ.get("KCLHOST_LOG_SOCKET")}
note("report.partial", json.dumps(report))
os.rename(os.path.join(directory, "report.partial"), os.path.join(directory, "report"))
while True:
    signal.pause()
