#!/usr/bin/env python3
"""Runs clang-tidy on host/ with the compile commands of a build tree. Usage: tidy.py BUILD_DIR [FILE...]

A build in pieces (cmake/unity.cmake) is read in pieces, a seventh of the work; a FILE that is named is read by itself, which
finds what it does not include.
"""
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


# clang warns of what GCC does not, though not of GCC's options; cmake/warnings.cmake says why the last.
FOR_CLANG = ["-Wno-unknown-warning-option", "-Wno-unused-command-line-argument", "-Wno-ambiguous-reversed-operator"]


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


def parts_of(entry):
    """The files that it compiles: a piece of a unity build includes them, and nothing else."""
    file = pathlib.Path(entry["directory"], entry["file"]).resolve()
    if file.parent.name != "Unity":
        return [file]
    return [pathlib.Path(part).resolve() for part in re.findall(r'^#include "(.+)"$', file.read_text(), re.MULTILINE)]


def by_file(entries):
    """The entries with one for each source file."""
    for entry in entries:
        for part in parts_of(entry):
            yield entry | {"file": str(part), "command": entry["command"].replace(entry["file"], str(part))}


def main(build, chosen):
    database = pathlib.Path(build) / "compile_commands.json"
    if not database.exists():
        sys.exit(f"{database} is missing; configure the build first")
    entries = json.loads(database.read_text())
    if chosen:
        entries = list(by_file(entries))
    wanted = {pathlib.Path(path).resolve() for path in chosen or sources("host", suffixes=(".cpp",))}
    # Some files are compiled for several programs.
    read = {pathlib.Path(entry["file"]): parts_of(entry) for entry in entries if wanted & set(parts_of(entry))}
    if not read:
        sys.exit(f"{database} knows none of the files in host/")
    clang_tidy = tool("clang-tidy")
    own = tempfile.TemporaryDirectory()
    pathlib.Path(own.name, database.name).write_text(
        json.dumps([entry | {"command": without_precompiled(entry["command"])} for entry in entries]))

    def look_at(path):
        # That a piece includes sources is meant.
        checks = ["--checks=-bugprone-suspicious-include"] if path.parent.name == "Unity" else []
        options = [f"--extra-arg={option}" for option in FOR_CLANG]
        return path, subprocess.run([clang_tidy, "-p", own.name, "--quiet", *options, *checks, str(path)], cwd=TOP,
                                    text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    failed = False
    # What is large first, so that none of it is left over at the end.
    files = sorted(read, key=lambda path: -sum(part.stat().st_size for part in read[path]))
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for path, result in pool.map(look_at, files):
            if result.returncode == 0 and not result.stdout.strip():
                continue
            failed = True
            print(result.stdout.strip() or f"{path}:\n{result.stderr.strip()}", flush=True)
    print(f"{len(set().union(*read.values()))} files, in {len(files)} pieces")
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], sys.argv[2:]))
