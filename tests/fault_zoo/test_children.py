"""What a program that a plugin starts inherits: ordinary signals, no descriptor of the host's, the limits as they were."""
import pathlib

import pytest

from shard import SANITIZED, record

LOOK = "cat /proc/self/status > {0}/status; cat /proc/self/limits > {0}/limits; ls /proc/self/fd > {0}/descriptors"
# The worst that a host may be started with: what nohup, shells and the Java machine do, and more of it.
ODD_SIGNALS = ["env", "--ignore-signal", "--block-signal=QUIT", "--block-signal=USR1", "--block-signal=TERM"]
LIMITS = "ulimit -S -c 4096; ulimit -S -n 321; ulimit -S -s 4321; exec \"$@\""
# posix_spawn, and system with it, has these two ignored in whatever it starts, from whatever program.
OF_THE_C_LIBRARY = 1 << 31 | 1 << 32


def limits_of(process):
    return pathlib.Path("/proc", process, "limits").read_text(encoding="utf-8")


@pytest.fixture
def look(start, tmp_path):
    """Has a plugin start a program, which writes down what it inherits; the lines of status, descriptors, limits."""

    def begin(how, isolation, inside=(), **settings):
        shard = start("starter.so", {"how": how}, inside=inside, isolation=isolation, **settings)
        shard.initialize()
        shard.process_records(record(1, LOOK.format(tmp_path)))
        limits_of_host = limits_of(str(shard.process.pid))
        shard.lose_lease()
        assert shard.finish() == 0, shard.stderr()
        status = dict(line.split(":\t", 1) for line in (tmp_path / "status").read_text().splitlines() if ":\t" in line)
        descriptors = set((tmp_path / "descriptors").read_text().split())
        return status, descriptors, (tmp_path / "limits").read_text(), limits_of_host

    return begin


EVERY_WAY = pytest.mark.parametrize("how", ["system", "posix_spawn", "fork"])
BOTH = pytest.mark.parametrize("isolation", ["process", "none"])


@EVERY_WAY
@BOTH
def test_its_signals_are_ordinary(look, how, isolation):
    status, *_ = look(how, isolation, ODD_SIGNALS)
    assert int(status["SigIgn"], 16) & ~OF_THE_C_LIBRARY == 0
    assert int(status["SigBlk"], 16) == 0


@EVERY_WAY
@BOTH
def test_it_has_the_standard_descriptors_alone(look, how, isolation):
    _, descriptors, *_ = look(how, isolation, on_error={"then": "dead_letter"}, checkpoint={"interval": "0s"})
    assert descriptors == {"0", "1", "2", "3"}, "3 is the directory that is listed"


@pytest.mark.skipif(SANITIZED, reason="a sanitizer changes limits of its own")
@EVERY_WAY
@BOTH
def test_its_limits_are_those_that_the_host_was_started_with(look, how, isolation):
    _, _, limits, of_host = look(how, isolation, ["bash", "-c", LIMITS, "bash"])
    assert limits == of_host
    for name, soft in (("core file size", 4096 * 1024), ("open files", 321), ("stack size", 4321 * 1024)):
        assert f"Max {name}".ljust(26) + str(soft) in limits


@pytest.mark.skipif(SANITIZED, reason="sanitizers need more address space than any limit")
def test_max_memory_may_be_raised_again(start):
    """The worker's own limit is inherited, as any is; but a program that needs more may have it."""
    shard = start("starter.so", {"how": "system"}, worker={"max_memory": "512MiB"})
    shard.initialize()
    shard.process_records(record(1, f"test $(ulimit -S -d) = {(1 << 30) // 1024}"))
    shard.process_records(record(2, "ulimit -S -d unlimited"))
    shard.lose_lease()
    assert shard.finish() == 0, shard.stderr()
