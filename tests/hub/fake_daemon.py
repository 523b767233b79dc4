#!/usr/bin/python3
"""Stands in for Java under `kclhost launch`: starts a host for each shard that the test asks for, with pipes that the test
holds the other ends of."""
import os
import shlex
import signal
import socket
import subprocess
import sys

properties = {}
with open(sys.argv[sys.argv.index("--properties-file") + 1]) as file:
    for line in file:
        name, _, value = line.rstrip("\n").partition("=")
        properties[name] = value.replace("\\:", ":")
command = shlex.split(properties["executableName"])

signal.signal(signal.SIGTERM, lambda *_: os._exit(143))
signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the hosts

test = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
test.connect(os.environ["FAKE_SOCKET"])
while True:
    word, pipes, _, _ = socket.recv_fds(test, 100, 2)
    if not word:
        os._exit(0)
    host = subprocess.Popen(command, stdin=pipes[0], stdout=pipes[1])
    for pipe in pipes:
        os.close(pipe)
    test.send(str(host.pid).encode())
