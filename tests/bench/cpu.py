"""CPU time of processes."""
import time


def cpu_nanos(pid: int) -> int:
    """Of all its threads, user and system; 0 when it has ended."""
    try:
        # The id of a process's CPU clock, as clock_getcpuclockid(3) makes it.
        return time.clock_gettime_ns((~pid << 3) | 2)
    except OSError:
        return 0


def cpu_seconds(pids) -> float:
    return sum(cpu_nanos(pid) for pid in pids) / 1e9
