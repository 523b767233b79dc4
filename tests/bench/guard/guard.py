#!/usr/bin/env python3
"""Fails when fixed work takes more instructions than its budget: a slow-down that shows whatever the machine does.

usage: guard.py PROGRAM [--update]     --update writes what is measured now, and a margin, as the budget
"""
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

BUDGET = pathlib.Path(__file__).with_name("budget.json")
# The case, and the function that is counted with all it calls.
CASES = {"decode-small": "guard_decode", "decode-medium": "guard_decode", "decode-one": "guard_decode",
         "read": "guard_read", "encode": "guard_encode"}
MARGIN = 1.03
SKIPPED = 77


def instructions(program, case, function) -> int:
    with tempfile.TemporaryDirectory() as folder:
        run = subprocess.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out",
                              f"--toggle-collect={function}", program, case], stderr=subprocess.PIPE, text=True)
    counted = re.search(r"Collected : (\d+)", run.stderr)
    if run.returncode != 0 or not counted:
        sys.exit(f"{case}: valgrind ended with {run.returncode}:\n{run.stderr}")
    return int(counted.group(1))


def main(program, update) -> int:
    if shutil.which("valgrind") is None:
        sys.exit("valgrind is missing; scripts/install-deps test installs it")
    if "avx2" not in pathlib.Path("/proc/cpuinfo").read_text():
        print("the budget is for processors with AVX2")
        return SKIPPED
    counts = {case: instructions(program, case, function) for case, function in CASES.items()}
    if update:
        BUDGET.write_text(json.dumps({case: int(count * MARGIN) for case, count in counts.items()}, indent=2) + "\n")
    budget = json.loads(BUDGET.read_text())
    over = False
    for case, count in counts.items():
        over |= count > budget[case]
        print(f"{case:14} {count:12,} of {budget[case]:12,} instructions{'  OVER' if count > budget[case] else ''}")
    if over:
        print("if this is as it must be, guard.py --update raises the budget; say in the commit what was got for it")
    return 1 if over else 0


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], sys.argv[2:] == ["--update"]))
