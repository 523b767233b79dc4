#!/usr/bin/env python3
"""Runs clang-tidy on host/ with the compile commands of a build tree. Usage: tidy.py BUILD_DIR [FILE...]"""
import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

from sources import TOP, sources, tool


def without_precompiled(command):
    """The compiler's command without GCC's precompiled headers: clang can't read them, and
    finds what a file does not include itself."""
    words, kept = iter(shlex.split(command)), []
    for word in words:
        if word == "-include":
            header = next(words)
            if not header.endswith("cmake_pch.hxx"):
                kept += [word, header]
        elif word not in ("-Winvalid-pch", "-fpch-preprocess"):
            kept.append(word)
    return shlex.join(kept)


def by_file(entries):
    """The entries with one for each source file: a file that only includes others, as CMake makes them for a unity build,
    stands for those."""
    for entry in entries:
        file = pathlib.Path(entry["directory"], entry["file"])
        parts = re.findall(r'^#include "(.+)"$', file.read_text(), re.MULTILINE) if file.parent.name == "Unity" else []
        yield from [entry | {"file": part, "command": entry["command"].replace(entry["file"], part)} for part in parts] or [entry]


def main(build, chosen):
    database = pathlib.Path(build) / "compile_commands.json"
    if not database.exists():
        sys.exit(f"{database} is missing; configure the build first")
    entries = list(by_file(json.loads(database.read_text())))
    known = {pathlib.Path(entry["directory"], entry["file"]).resolve() for entry in entries}
    wanted = [pathlib.Path(path).resolve() for path in chosen] or sources("host", suffixes=(".cpp",))
    files = [path for path in wanted if path in known]
    if not files:
        sys.exit(f"{database} knows none of the files in host/")
    clang_tidy = tool("clang-tidy")
    own = tempfile.TemporaryDirectory()
    pathlib.Path(own.name, database.name).write_text(
        json.dumps([entry | {"command": without_precompiled(entry["command"])} for entry in entries]))

    def look_at(path):
        # Warnings are the compiler's business.
        return path, subprocess.run([clang_tidy, "-p", own.name, "--quiet", "--extra-arg=-w", str(path)], cwd=TOP,
                                    text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    failed = False
    # Large files first, so that none is left over at the end.
    files.sort(key=lambda path: -path.stat().st_size)
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for path, result in pool.map(look_at, files):
            if result.returncode == 0 and not result.stdout.strip():
                continue
            failed = True
            print(result.stdout.strip() or f"{path}:\n{result.stderr.strip()}", flush=True)
    print(f"{len(files)} files")
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], sys.argv[2:]))
