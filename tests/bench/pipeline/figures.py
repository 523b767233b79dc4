"""The figures of a life: what they are called, and how the rounds become one."""
import dataclasses
import statistics

MIB = 1 << 20


@dataclasses.dataclass(frozen=True)
class Figure:
    key: str
    title: str
    form: str  # for str.format
    divisor: float = 1


FIGURES = [
    Figure("newSeconds", "first record, new application, s", "{:.3g}"),
    Figure("restartSeconds", "first record, orderly restart, s", "{:.3g}"),
    Figure("killedSeconds", "first record, after SIGKILL, s", "{:.3g}"),
    Figure("reshardSeconds", "first record of a child, after a split, s", "{:.3g}"),
    Figure("firstRecordCpuSeconds", "CPU to the first record, new application, s", "{:.3g}"),
    Figure("cpuSecondsPerMillion", "CPU per million records, s", "{:.3g}"),
    Figure("recordsPerSecond", "records per second", "{:,.0f}"),
    Figure("peakBytes", "peak memory, MiB", "{:.0f}", MIB),
    Figure("idleBytes", "idle memory, MiB", "{:.0f}", MIB),
    Figure("idleCpuMillisPerSecond", "idle CPU, ms per s", "{:.3g}"),
]
NONE = "–"  # a contender that keeps no place has no restarts and no split


def values(lives: list, key: str) -> list:
    return [life[key] for life in lives if key in life]


def median(lives: list, key: str) -> float:
    """Of a figure that the lives have."""
    return statistics.median(values(lives, key))


def shown(figure: Figure, value: float) -> str:
    return figure.form.format(value / figure.divisor)


def text(figure: Figure, lives: list) -> str:
    """The median."""
    return shown(figure, median(lives, figure.key)) if values(lives, figure.key) else NONE


def spread(figure: Figure, lives: list) -> str:
    """The least and the most."""
    found = values(lives, figure.key)
    return f"{shown(figure, min(found))} to {shown(figure, max(found))}" if found else NONE


def ratio(figure: Figure, lives: list, others: list) -> str:
    """The median, divided by the others'."""
    divisor = median(others, figure.key) if values(others, figure.key) else 0
    return f"{median(lives, figure.key) / divisor:.2f}" if divisor else NONE  # 0: less CPU than the kernel counts
