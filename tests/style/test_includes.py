"""Who may include whom: host/'s folders are in an order, and the shard's mind knows nothing of the outside."""
import pathlib
import re

from sources import TOP, sources

HOST = TOP / "host"
# From the bottom up. A folder includes from itself and from those on the lines above; those on one line not from each
# other.
ORDER = [
    ["support"],
    ["batch"],
    ["config"],
    ["records", "import", "program", "project"],
    ["plugin"],
    ["protocol"],
    ["shard"],
    ["observe"],
    ["rollout", "hub"],
    ["store"],  # a crash report says in the log where it was put
    ["worker"],
    ["run", "launch", "replay", "put", "prime", "aws", "web"],
    ["conformance"],
    ["cli"],
    ["doctor"],
]
RANK = {folder: rank for rank, folders in enumerate(ORDER) for folder in folders}
# Folders on one line that may include each other all the same, each with its reason.
BESIDE = {
    ("put", "aws"),  # putting records is what the aws part is for
    ("prime", "aws"), ("prime", "launch"),  # launch says what to make, and the aws part makes it
}
# What has a process, a descriptor, a file or a clock.
SYSTEM = re.compile(r"unistd\.h|fcntl\.h|signal\.h|poll\.h|spawn\.h|dlfcn\.h|pthread\.h|time\.h|sys/.*|linux/.*|csignal|ctime|"
                    r"cstdio|chrono|filesystem|fstream|iostream|thread|mutex|condition_variable|future|atomic")
INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)


def includes(path):
    return [own or system for own, system in INCLUDE.findall(path.read_text())]


def folder(path):
    return path.relative_to(HOST).parts[0]


def test_who_decides_knows_nothing_of_the_system():
    files = [path for path in sources("host") if folder(path) in ("shard", "rollout")]
    assert files
    bad = [f"{path.relative_to(TOP)} includes {name}" for path in files for name in includes(path)
           if SYSTEM.fullmatch(name)
           or name.split("/")[0] in ("run", "worker", "store", "launch", "observe", "hub", "cli", "replay", "put", "prime", "aws", "web", "conformance", "doctor")]
    assert not bad, "\n".join(bad)


def test_no_include_runs_up():
    bad = []
    for path in sources("host"):
        here = folder(path)
        if here not in RANK or path.name.startswith("main"):  # a program's main puts everything together
            continue
        for name in includes(path):
            there = pathlib.PurePath(name).parts[0]
            if there not in RANK or not (HOST / name).exists() or there == here or (here, there) in BESIDE:
                continue
            if RANK[there] >= RANK[here]:
                bad.append(f"{path.relative_to(TOP)} includes {name}")
    assert not bad, "\n".join(bad)


def test_every_folder_has_its_place():
    known = set(RANK)
    unknown = sorted({folder(path) for path in sources("host") if len(path.relative_to(HOST).parts) > 1} - known)
    assert not unknown, f"host/{unknown[0]} is not in the order of folders in {pathlib.Path(__file__).name}"
