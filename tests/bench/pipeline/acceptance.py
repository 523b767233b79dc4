"""What must hold of the pipeline: ratios between the contenders of one run, and seconds that a user waits."""
from acceptance import Check

from .benchmark import BEFORE, JAVA_KCL, KCLHOST, KCLPY
from .figures import median

MOST_SECONDS = {"newSeconds": ("new application", 30), "restartSeconds": ("orderly restart", 10),
                "killedSeconds": ("after SIGKILL", 15)}
MEMORY = {"peakBytes": "peak memory", "idleBytes": "idle memory"}
MEMORY_LIMITS = {KCLPY: 0.35, JAVA_KCL: 1.2}
BEFORE_LIMITS = {"firstRecordCpuSeconds": ("CPU to the first record", 0.45),
                 "cpuSecondsPerMillion": ("CPU per million records", 1.0),
                 "idleCpuMillisPerSecond": ("idle CPU", 0.5)}


def ratio(lives, key, other) -> float:
    return median(lives[KCLHOST], key) / median(lives[other], key)


def first_record_checks(lives):
    for key, (situation, limit) in MOST_SECONDS.items():
        yield Check(f"first record, {situation}", median(lives[KCLHOST], key), limit, "s")


def memory_checks(lives):
    for key, name in MEMORY.items():
        for other, limit in MEMORY_LIMITS.items():
            if other not in lives:
                continue
            yield Check(f"{name}, of {other}'s", ratio(lives, key, other), limit)


def before_checks(lives):
    if BEFORE not in lives:
        return
    for key, (name, limit) in BEFORE_LIMITS.items():
        yield Check(f"{name}, of {BEFORE}'s", ratio(lives, key, BEFORE), limit)


def crowd_checks(crowds):
    for row in crowds:
        yield Check(f"records missing, {row['name']}", row["missing"], 0)
        yield Check(f"ends or OutOfMemoryErrors, {row['name']}", int(row["ended"] or row["outOfMemory"]), 0)


def not_checked(results) -> list:
    """What this run had no figures for, and the option that it takes."""
    lives = results["lives"]
    before = [] if BEFORE in lives else [f"{name}, of {BEFORE}'s: --against" for name, _ in BEFORE_LIMITS.values()]
    return before + [f"{name}, of {other}'s: a life of it that comes to its end" for other in MEMORY_LIMITS if other not in lives
                     for name in MEMORY.values()]


def all_checks(results) -> list:
    lives = results["lives"]
    return [*first_record_checks(lives), *memory_checks(lives), *before_checks(lives), *crowd_checks(results["crowds"])]
