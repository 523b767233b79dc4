"""A MultiLang child without a library, for tests of the replay itself.

usage: child.py MODE [LOG]; every line received goes to LOG, if one is named.
"""
import fcntl
import json
import os
import signal
import sys
import time

mode = sys.argv[1]
log = open(sys.argv[2], "ab", buffering=0) if len(sys.argv) > 2 else None


def read():
    line = sys.stdin.buffer.readline()
    if log:
        log.write(line)
    return json.loads(line) if line else None


def write(text):
    sys.stdout.buffer.write(b"\n" + text.encode() + b"\n")
    sys.stdout.buffer.flush()


def status(action):
    write(json.dumps({"action": "status", "responseFor": action}))


def checkpoint(sequence_number=None, sub_sequence_number=None):
    write(json.dumps({"action": "checkpoint", "sequenceNumber": sequence_number,
                      "subSequenceNumber": sub_sequence_number}))
    answer = read()
    print(answer["error"], file=sys.stderr)


def on_initialize(message):
    if mode == "checkpoint-in-initialize":
        checkpoint()
    elif mode == "pipe-size":
        print("stdin holds", fcntl.fcntl(0, 1032), file=sys.stderr)  # F_GETPIPE_SZ
    elif mode == "silent-in-initialize":
        time.sleep(600)


def on_process_records(message):
    last = message["records"][-1] if message["records"] else None
    if mode == "garbage":
        write("hello I am garbage on stdout")
        write('{"action": "bogus"}')
        write('{"action": "status", "responseFor": "processRecords", "more": 1}')
        write('[1]')
    elif mode == "checkpoint":
        checkpoint()
    elif mode == "checkpoint-last":
        checkpoint(last["sequenceNumber"], last["subSequenceNumber"])
    elif mode == "checkpoint-each":
        for record in message["records"]:
            checkpoint(record["sequenceNumber"], record["subSequenceNumber"])
    elif mode == "checkpoint-wrong":
        for wrong in "9" * 56, "", "x", "TRIM_HORIZON", "LATEST", "SHARD_END", "-1":
            checkpoint(wrong)
        checkpoint(last["sequenceNumber"], -1)
    elif mode == "retry":
        for _ in range(4):
            checkpoint()
    elif mode == "exit":
        sys.exit(int(os.environ["CODE"]))
    elif mode == "crash":
        os.kill(os.getpid(), signal.SIGKILL)
    elif mode == "silent":
        time.sleep(600)
    elif mode == "silent-until-stdin-ends":
        sys.stdin.buffer.read()
    elif mode == "close-stdout":
        os.close(1)
        sys.stdin.buffer.read()
        os._exit(0)
    elif mode == "wrong-status":
        status("processRecord")
        return True
    elif mode == "chatty":  # more than a pipe holds, before the message is read, in both directions
        write("x" * 300_000)


def on_shard_ended(message):
    if mode != "no-shard-end":
        checkpoint()


def on_shutdown_requested(message):
    if mode == "checkpoint":
        checkpoint()


def on_lease_lost(message):
    if mode == "checkpoint":
        checkpoint()


handlers = {"initialize": on_initialize, "processRecords": on_process_records, "shardEnded": on_shard_ended,
            "shutdownRequested": on_shutdown_requested, "leaseLost": on_lease_lost}
if mode == "early":  # talks before it listens
    write("y" * 300_000)
while True:
    message = read()
    if message is None:
        break
    if not handlers[message["action"]](message):
        status(message["action"])
if mode == "exit-at-end":
    sys.exit(int(os.environ["CODE"]))
