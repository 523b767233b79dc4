"""Children of other makers, unmodified."""
import json
import os
import pathlib
import shutil
import subprocess

import pytest

from conftest import CHILDREN, DATA, HERE, command

RECORDS = ["one", "", "drei wörter hier", "\0\x01\"\\"]


def peers():
    """The folder that scripts/fetch-peers fills; filled now, if nobody names one."""
    folder = os.environ.get("KCLHOST_PEERS_DIR")
    if not folder:
        root = HERE.parent.parent
        folder = os.path.join(os.environ.get("KCLHOST_CACHE") or root / ".cache", "peers")
        subprocess.run([root / "scripts" / "fetch-peers", folder], check=True)
    return pathlib.Path(folder).absolute()


def kclpy():
    return [peers() / "venv" / "bin" / "python", CHILDREN / "kclpy_child.py"], {}


def aws_kcl():
    node = shutil.which("node") or shutil.which("nodejs")
    return [node, CHILDREN / "aws_kcl_child.js"], {"NODE_PATH": str(peers() / "node_modules")}


@pytest.mark.parametrize("peer", [kclpy, aws_kcl])
def test_a_peers_child_gets_the_same(run, tmp_path, peer):
    out, words = tmp_path / "out", tmp_path / "words.json"
    words.write_text("".join(json.dumps({"text": word}) + "\n" for word in RECORDS))
    words_of_command, env = peer()
    replay = run("--exec", command(*words_of_command, out), "--format", "json", "--batch", "2", "--end", "shard_ended",
                 words, env=env)
    assert replay.code == 0, replay.stderr
    assert out.read_text().splitlines() == (["initialize shardId-000000000000 TRIM_HORIZON"] +
                                            ["record " + word.encode().hex() for word in RECORDS] + ["shard_ended"])
    assert replay.report["checkpointErrors"] == {}
    assert replay.report["lastCheckpoint"]["sequenceNumber"] == "SHARD_END"


@pytest.mark.parametrize("peer", [kclpy, aws_kcl])
def test_a_peers_child_gets_a_capture(run, tmp_path, peer):
    out = tmp_path / "out"
    words_of_command, env = peer()
    replay = run("--exec", command(*words_of_command, out), DATA / "shard-2.txt", env=env)
    assert replay.code == 0, replay.stderr
    assert out.read_text().splitlines()[-1] == "lease_lost"
    assert replay.report["checkpointErrors"] == {}
