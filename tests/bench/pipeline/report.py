"""The results as Markdown."""
from report import of_checks, table

from .benchmark import KCLHOST
from .figures import FIGURES, MIB, median, text

METHOD = """\
Each contender is measured whole: the JVM and all of its children, user and system CPU, PSS of memory. Rounds are
interleaved. A figure is the rounds' median, with the least and the most in parentheses. [How it is
measured](../performance.md#the-whole-pipeline)."""


def of_lives(results) -> list:
    lives = results["lives"]
    head = [f"{results['shards']} shards, {results['records']:,} records of {results['size']:,} bytes", *lives]
    return ["## One application", ""] + table(
        head, [[figure.title, *(text(figure, rounds) for rounds in lives.values())] for figure in FIGURES])


def of_ratios(lives) -> list:
    others = [name for name in lives if name != KCLHOST]
    rows = [[figure.title.rpartition(", ")[0] or figure.title,
             *(f"{median(lives[KCLHOST], figure.key) / median(lives[other], figure.key):.2f}" for other in others)]
            for figure in FIGURES]
    return ["## kclhost's figure, divided by the other's", ""] + table(["", *others], rows)


def of_crowds(crowds) -> list:
    rows = [[row["name"], str(row["missing"]), "yes" if row["outOfMemory"] else "no",
             f"{row['peakBytes'] / MIB:.0f}", f"{row['idleBytes'] / MIB:.0f}"] for row in crowds]
    return ["## Many shards, kclhost's defaults", ""] + table(
        ["", "records missing", "OutOfMemoryError", "peak memory, MiB", "idle memory, MiB"], rows)


def markdown(results, checks) -> str:
    measured = f"Measured {results['when']} on {results['machine']}."
    return "\n".join(["# The whole pipeline", "", measured, "", METHOD, "", *of_checks(checks), *of_lives(results),
                      *of_ratios(results["lives"]), *of_crowds(results["crowds"])])
