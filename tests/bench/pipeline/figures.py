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
    Figure("newSeconds", "first record, new application, s", "{:.1f}"),
    Figure("restartSeconds", "first record, orderly restart, s", "{:.1f}"),
    Figure("killedSeconds", "first record, after SIGKILL, s", "{:.1f}"),
    Figure("reshardSeconds", "first record of a child, after a split, s", "{:.1f}"),
    Figure("firstRecordCpuSeconds", "CPU to the first record, new application, s", "{:.1f}"),
    Figure("cpuSecondsPerMillion", "CPU per million records, s", "{:.1f}"),
    Figure("recordsPerSecond", "records per second", "{:,.0f}"),
    Figure("peakBytes", "peak memory, MiB", "{:.0f}", MIB),
    Figure("idleBytes", "idle memory, MiB", "{:.0f}", MIB),
    Figure("idleCpuMillisPerSecond", "idle CPU, ms per s", "{:.0f}"),
]


def values(lives: list, key: str) -> list:
    return [life[key] for life in lives]


def median(lives: list, key: str) -> float:
    return statistics.median(values(lives, key))


def text(figure: Figure, lives: list) -> str:
    """The median, and where it is not alone the least and the most."""
    def shown(value):
        return figure.form.format(value / figure.divisor)

    found = values(lives, figure.key)
    spread = f" ({shown(min(found))} – {shown(max(found))})" if len(found) > 1 else ""
    return shown(statistics.median(found)) + spread
