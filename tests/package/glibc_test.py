"""Which glibc the program starts on: none newer than 2.34 (Amazon Linux 2023), the unwinder of GCC's own archive aside.

KCLHOST_PORTABLE takes the machine's unwinder in its place. What a program needs goes by the glibc that it is linked with too,
so this is about Debian 12, which portable programs are made on.
"""
import argparse
import os
import re
import subprocess
import sys

NEWEST = 2, 34
UNWINDER = {"_dl_find_object"}
SKIPPED = 77

parser = argparse.ArgumentParser()
parser.add_argument("program")
parser.add_argument("--objdump", required=True)
parser.add_argument("--portable", action="store_true")
options = parser.parse_args()


def version(text):
    return tuple(map(int, text.split(".")))


here = version(os.confstr("CS_GNU_LIBC_VERSION").split()[1])
if here > (2, 36):
    print(f"glibc {'.'.join(map(str, here))} is newer than Debian 12's")
    sys.exit(SKIPPED)
table = subprocess.run([options.objdump, "--dynamic-syms", options.program], capture_output=True, text=True, check=True).stdout
needed = re.findall(r"\*UND\*.*\(([A-Z]+)_([\d.]+)\) (\S+)$", table, re.MULTILINE)
assert len(needed) > 50, table
newer = {name for library, of, name in needed if library == "GLIBC" and version(of) > NEWEST}
if not options.portable:
    newer -= UNWINDER
if newer:
    sys.exit(f"{options.program} starts on no glibc before {max(of for _, of, name in needed if name in newer)}, because it "
             f"uses {', '.join(sorted(newer))}")
cxx = sorted({library for library, _, _ in needed} & {"GLIBCXX", "CXXABI"})
if cxx:
    sys.exit(f"{options.program} needs the C++ library of the machine that it was made on ({', '.join(cxx)})")
