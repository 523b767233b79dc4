#!/usr/bin/env python3
"""Fails when clang-format would change a file. With --fix it does."""
import subprocess
import sys

from sources import TOP, sources, tool

how = ["-i"] if "--fix" in sys.argv[1:] else ["--dry-run", "-Werror", "--ferror-limit=1"]
files = [str(path.relative_to(TOP)) for path in sources("host", "sdk", "plugins", "tests")]
if not files:
    sys.exit("no files found: is this the source tree?")
if subprocess.run([tool("clang-format"), "--style=file", *how, *files], cwd=TOP).returncode != 0:
    sys.exit("tests/style/format.py --fix formats these files")
