"""A plugin that acknowledges, through the whole program: the checkpoint stands in front of what is not acknowledged."""
import json
import os

import pytest


@pytest.fixture(params=["process", "none"])
def config(request, tmp_path):
    file = tmp_path / "kclhost.yaml"
    file.write_text(json.dumps({"version": 1, "plugins_dir": os.environ["KCLHOST_CORE_PLUGINS_DIR"],
                                "plugin": {"path": "acker.so"}, "isolation": request.param,
                                "timeouts": {"process_records": "1s", "shutdown": "1s"},
                                "state_dir": str(tmp_path / "state"), "log": {"format": "text"}}))
    return file


@pytest.mark.parametrize("orders, checkpoint", [
    (["ack 0 1", "ack 1 1", "ack 2 1", "ack 3 1"], "104"),
    (["later 0 1", "later 1 1", "later 2 1", "later 3 1"], "104"),
    (["x", "x", "x", "ack 0 4"], "104"),
    (["ack 0 1", "ack 1 1", "x", "ack 3 1"], "102"),
    (["x", "ack 1 1", "ack 2 1", "ack 3 1"], None),
])
def test_the_checkpoint_is_where_all_before_is_acknowledged(run, config, orders, checkpoint):
    records = "".join(json.dumps({"text": order, "sequenceNumber": str(101 + i)}) + "\n" for i, order in enumerate(orders))
    replay = run("--config", config, "--batch", 1, "-", stdin=records)
    assert replay.code == 0, replay.stderr
    last = replay.report["lastCheckpoint"]
    assert (last and last["sequenceNumber"]) == checkpoint
