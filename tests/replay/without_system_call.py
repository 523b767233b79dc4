"""Runs a command for which the kernel refuses a system call: without_system_call.py NUMBER ERRNO COMMAND...

As a container's seccomp profile does it, or a kernel that is too old. Exits 125 where that can't be arranged.
"""
import ctypes
import os
import struct
import sys

NO_NEW_PRIVS, SECCOMP, FILTER = 38, 22, 2  # prctl's
LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, ERRNO = 0x7FFF0000, 0x00050000


def refuse(number, error):
    program = b"".join(struct.pack("HBBI", *each) for each in [
        (LOAD, 0, 0, 0),  # the call's number
        (EQUAL, 0, 1, number),
        (RETURN, 0, 0, ERRNO | error),
        (RETURN, 0, 0, ALLOW)])
    instructions = ctypes.create_string_buffer(program)
    head = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(instructions)))
    libc = ctypes.CDLL(None)
    return libc.prctl(NO_NEW_PRIVS, 1, 0, 0, 0) == 0 and libc.prctl(SECCOMP, FILTER, head, 0, 0) == 0


if not refuse(int(sys.argv[1]), int(sys.argv[2])):
    sys.exit(125)
os.execvp(sys.argv[3], sys.argv[3:])
