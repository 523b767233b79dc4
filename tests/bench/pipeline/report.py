"""The results as Markdown."""
from report import of_checks, table

from .benchmark import KCLHOST
from .figures import FIGURES, MIB, ratio, spread, text

METHOD = """\
Each contender is measured whole: all of its processes, with the JVM where it has one; user and system CPU, PSS of memory.
Rounds are interleaved. A figure is the rounds' median. The floors read, and keep no leases and no checkpoints; what does
not apply to them is a dash. [How it is measured](../performance.md#the-whole-pipeline)."""


def by_figure(lives, cell) -> list:
    return [[figure.title, *(cell(figure, rounds) for rounds in lives.values())] for figure in FIGURES]


def of_lives(results) -> list:
    lives = results["lives"]
    head = [f"{results['shards']} shards, {results['records']:,} records of {results['size']:,} bytes", *lives]
    return ["## One application", ""] + table(head, by_figure(lives, text))


def of_ratios(lives) -> list:
    ours, others = lives[KCLHOST], {name: rounds for name, rounds in lives.items() if name != KCLHOST}
    rows = by_figure(others, lambda figure, rounds: ratio(figure, ours, rounds))
    rows = [[title.rpartition(", ")[0] or title, *cells] for title, *cells in rows]
    return ["## kclhost's figure, divided by the other's", ""] + table(["", *others], rows)


def of_spreads(lives) -> list:
    """How far the rounds are from one another; nothing where there was one."""
    if len(lives[KCLHOST]) == 1:
        return []
    return ["## The rounds' least and most", ""] + table(["", *lives], by_figure(lives, spread))


def of_troubles(troubles) -> list:
    if not troubles:
        return []
    return ["## Lives that did not come to their end, and are left out", "", *(f"- {line}" for line in troubles), ""]


def of_crowds(crowds) -> list:
    rows = [[row["name"], str(row["missing"]), str(row["again"]), "yes" if row["outOfMemory"] else "no",
             f"{row['peakBytes'] / MIB:.0f}", f"{row['idleBytes'] / MIB:.0f}"] for row in crowds]
    return ["## Many shards, kclhost's defaults", ""] + table(
        ["", "records missing", "records that came again", "OutOfMemoryError", "peak memory, MiB", "idle memory, MiB"], rows)


def markdown(results, checks) -> str:
    measured = (f"Measured {results['when']} on {results['machine']}. Rounds: {len(results['lives'][KCLHOST])}. "
                f"{'; '.join(f'{name} is {what}' for name, what in results['versions'].items())}.")
    lives = results["lives"]
    return "\n".join(["# The whole pipeline", "", measured, "", METHOD, "", *of_checks(checks, results["notChecked"]),
                      *of_lives(results), *of_ratios(lives), *of_spreads(lives), *of_troubles(results["troubles"]),
                      *of_crowds(results["crowds"])])
