"""The report has a dash where a figure does not apply, and checks that leave the floors alone."""
import dataclasses
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pipeline import acceptance, report  # noqa: E402
from pipeline.benchmark import JAVA_KCL, KCLHOST, KCLPY, Benchmark, services  # noqa: E402
from pipeline.figures import FIGURES  # noqa: E402
from pipeline.plan import QUICK  # noqa: E402

FLOOR, DASH = "C++ floor", "–"
OF_A_FLOOR = {"newSeconds", "firstRecordCpuSeconds", "cpuSecondsPerMillion", "recordsPerSecond", "peakBytes", "idleBytes",
              "idleCpuMillisPerSecond"}
KEYS = {figure.title: figure.key for figure in FIGURES}


def life(factor: float) -> dict:
    """All figures of one round."""
    return {figure.key: factor * figure.divisor for figure in FIGURES}


def floors_life(factor: float) -> dict:
    return {key: value for key, value in life(factor).items() if key in OF_A_FLOOR}


@pytest.fixture
def results():
    lives = {KCLHOST: [life(6), life(8), life(10)], JAVA_KCL: [life(4)] * 3, KCLPY: [life(16)] * 3,
             FLOOR: [floors_life(1), floors_life(2), floors_life(3)]}
    return {"when": "now", "machine": "here", "notChecked": [], "versions": {KCLHOST: "0.1.0"}, "shards": 4, "records": 100, "size": 10, "lives": lives,
            "troubles": [], "crowds": []}


def tables(results) -> list:
    """Those behind the checks, as {(row, column): cell}."""
    found = []
    for part in report.markdown(results, []).split("\n\n"):
        lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in part.splitlines()]
        if KCLHOST in lines[0] or JAVA_KCL in lines[0]:
            found.append({(row[0], name): cell for row in lines[2:] for name, cell in zip(lines[0][1:], row[1:])})
    return found


def test_the_medians(results):
    medians = tables(results)[0]
    assert medians["CPU per million records, s", KCLHOST] == "8"
    assert {KEYS[title] for title, name in medians if name == FLOOR and medians[title, name] == "2"} == OF_A_FLOOR
    assert medians["first record, after SIGKILL, s", FLOOR] == DASH


def test_the_ratios(results):
    ratios = tables(results)[1]
    assert ratios["CPU per million records", JAVA_KCL] == "2.00" and ratios["CPU per million records", FLOOR] == "4.00"
    assert ratios["first record, after SIGKILL", JAVA_KCL] == "2.00"
    assert ratios["first record, after SIGKILL", FLOOR] == DASH


def test_nothing_is_divided_by_what_was_too_little_to_count(results):
    results["lives"][FLOOR] = [floors_life(1) | {"idleCpuMillisPerSecond": 0}]
    assert tables(results)[1]["idle CPU", FLOOR] == DASH


def test_the_spread_of_rounds(results):
    assert tables(results)[2]["records per second", KCLHOST] == "6 to 10"
    results["lives"] = {name: rounds[:1] for name, rounds in results["lives"].items()}
    assert len(tables(results)) == 2, "one round has none"


def test_no_check_is_of_a_floor(results):
    with_floor = acceptance.all_checks(results)
    del results["lives"][FLOOR]
    assert acceptance.all_checks(results) == with_floor


class Named:
    def __init__(self, name, lives):
        self.name, self.lives = name, iter(lives)


def rounds(*contenders):
    found = Benchmark(QUICK, Path("."), lambda _: None)
    found.plan = dataclasses.replace(QUICK, rounds=2)

    def live(contender):
        figures = next(contender.lives)
        if isinstance(figures, Exception):
            raise figures
        return figures

    found.live = live
    return found.rounds(contenders)


def test_anothers_trouble_does_not_end_the_run(results):
    lives, results["troubles"] = rounds(Named(KCLHOST, [1, 2]), Named(KCLPY, [3, RuntimeError("it ended\nits log")]),
                                        Named(JAVA_KCL, [services.Timeout("no record"), RuntimeError("again")]))
    assert lives == {KCLHOST: [1, 2], KCLPY: [3]}
    del results["lives"][JAVA_KCL]
    assert "- kclpy, round 2: it ended\n" in report.markdown(results, [])
    assert [line for line in acceptance.not_checked(results) if JAVA_KCL in line] and acceptance.all_checks(results)


def test_kclhosts_own_trouble_ends_it():
    with pytest.raises(RuntimeError):
        rounds(Named(KCLHOST, [RuntimeError("it ended")]), Named(KCLPY, []))
