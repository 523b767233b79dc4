"""kclhost run with archiver, under replay."""
import gzip
import json
import os
import subprocess

import pytest

from conftest import kclhost


@pytest.fixture
def configure(tmp_path):
    """A configuration of the archiver, which writes to tmp_path/FOLDER."""
    def write(folder, **options):
        file = tmp_path / (folder + ".yaml")
        file.write_text(json.dumps({
            "version": 1, "plugins_dir": os.environ["KCLHOST_PLUGINS_DIR"], "state_dir": str(tmp_path / "state"),
            "plugin": {"path": "archiver.so", "config": {"output_dir": str(tmp_path / folder), **options}}}))
        return file
    return write


def archived(folder):
    """The files' content, in the shard's order."""
    return b"".join(gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
                    for file in sorted(folder.iterdir()))


def test_an_archive_can_be_replayed(run, configure, tmp_path):
    lines = b"".join(b"line %d \xc3\xa9\n" % i for i in range(1000)) + b"\xff\n"
    (tmp_path / "lines").write_bytes(lines)
    (tmp_path / "first").mkdir()
    replay = run("--config", configure("first", compression="gzip", max_records=300), "--format", "lines", "lines")
    assert replay.code == 0, replay.stderr
    assert len(list((tmp_path / "first").iterdir())) == 4
    assert replay.report["lastCheckpoint"] == {
        key: json.loads(archived(tmp_path / "first").splitlines()[-1])[key] for key in ("sequenceNumber", "subSequenceNumber")}

    (tmp_path / "again.json").write_bytes(archived(tmp_path / "first"))
    (tmp_path / "second").mkdir()
    replay = run("--config", configure("second", format="raw"), "again.json")
    assert replay.code == 0, replay.stderr
    assert archived(tmp_path / "second") == lines


def test_a_slow_shards_file_is_written_when_its_time_has_come(start, configure, tmp_path):
    (tmp_path / "slow").mkdir()
    (tmp_path / "one.json").write_text('{"text":"a"}')
    replay = start("--config", configure("slow", max_age_seconds=0.05), "--linger", 600, "one.json")
    while not (files := [file for file in (tmp_path / "slow").iterdir() if not file.name.startswith(".")]):
        assert replay.process.poll() is None
    assert json.loads(files[0].read_text())["text"] == "a"


def test_check_finds_a_directory_that_is_not_there(configure, tmp_path):
    check = [kclhost(), "check", "--config", configure("missing")]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert f"output_dir must be a directory that this user can read and write: {tmp_path}/missing: No such file" in done.stderr
    (tmp_path / "missing").mkdir()
    assert subprocess.run(check, capture_output=True, check=False).returncode == 0
