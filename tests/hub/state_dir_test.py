"""Each entry of state_dir is explained in docs/operations.md, and there is each that the page explains."""
import re
import subprocess
from pathlib import Path

from services import wait_for

PAGE = (Path(__file__).resolve().parents[2] / "docs/operations.md").read_text(encoding="utf-8")
# There only while something is written, or where a process was killed meanwhile.
PASSING = {"releases/.new/", "releases/.old/", "releases/of-KEY.json.new", "dead-letters/KEY.SHARD.jsonl.new"}


def entries():
    """The first column of the page's table."""
    table = PAGE.split("\n## What is in state_dir\n")[1].split("\n## ")[0]
    return [name for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE) for name in re.findall(r"`([^`]+)`", row)]


def pattern(entry):
    """Words in capitals vary, without a dot but in a TIME; all below a folder belongs to it."""
    parts = (("[^/]+" if part == "TIME" else r"\d+" if part == "N" else "[^/.]+") if re.fullmatch("[A-Z]+", part) else re.escape(part)
             for part in re.split(r"([A-Z]+)", entry))
    return re.compile("".join(parts) + (".*" if entry.endswith("/") else ""))


def test_each_entry_is_explained(launch, tmp_path):
    here = launch(dead_letter={"max_file_size": "1KiB"}, shadow={"path": "actor_shadow.so", "config": {"notes": str(tmp_path / "shadow")}})
    shard = here.shard()
    shard.process("a", *["fail"] * 8, "die")
    here.until(9, "kclhost_finished_records_total", outcome="dead_letter")
    state = here.directory / "state"
    wait_for(lambda: list(state.glob("releases/.copy-*")), "the shadow's copy")
    (tmp_path / "records").write_text("a\nfail\n")
    for command in ("rollout look --config", "dead-letters replay --config", f"replay --format lines {tmp_path}/records --config"):
        subprocess.run([here.kclhost, *command.split(), here.config], capture_output=True, check=False, timeout=120)
    found = [str(path.relative_to(state)) for path in state.rglob("*") if not path.is_dir()]
    explained = {entry: pattern(entry) for entry in entries()}
    assert [path for path in found if not any(one.fullmatch(path) for one in explained.values())] == []
    assert {entry for entry, one in explained.items() if not any(one.fullmatch(path) for path in found)} == PASSING
