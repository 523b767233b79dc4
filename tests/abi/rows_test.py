"""docs/abi.md's table of version scenarios and the tests name the same rows: rows_test.py ABI.md TEST_PROGRAM..."""
import re
import subprocess
import sys

rows = re.findall(r"^\| `(\w+)` \|", open(sys.argv[1], encoding="utf-8").read(), re.M)
tests = []
for program in sys.argv[2:]:
    listing = subprocess.run([program, "--gtest_list_tests", "--gtest_filter=AbiVersions.*"],
                             check=True, capture_output=True, text=True).stdout
    tests += re.findall(r"^  (\w+)", listing, re.M)
problems = [f"row without a test: {row}" for row in rows if row not in tests]
problems += [f"test without a row: {test}" for test in tests if test not in rows]
problems += [f"row written twice: {row}" for row in set(rows) if rows.count(row) > 1]
if not rows:
    problems.append("no rows found")
print("\n".join(problems) or f"{len(rows)} rows, a test each")
sys.exit(1 if problems else 0)
