"""A child that repeats what one once said: parrot.py CAPTURE says the child's side of a captured conversation, and
expects the daemon's side byte for byte."""
import sys

for number, line in enumerate(open(sys.argv[1], "rb"), 1):
    prefix, message = line[:2], line[2:]
    if prefix == b"< ":
        sys.stdout.buffer.write(message)
        sys.stdout.buffer.flush()
    elif prefix == b"> ":
        heard = sys.stdin.buffer.readline()
        if heard != message:
            sys.exit("%s:%d: expected %r, heard %r" % (sys.argv[1], number, message, heard))
if sys.stdin.buffer.read():
    sys.exit("more than was captured")
