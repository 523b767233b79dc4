"""The Dockerfile builds, and the image does its job: words in, counts out, SIGTERM ends it gracefully."""
import json
import os
import shutil
import signal
from collections import Counter
from pathlib import Path

from services import CREDENTIALS, LocalServices, Process, wait_for

WORDS = ["stream", "größe", "stream", "lease"]
# What goes on in the container is found by this variable among the machine's processes: isolation chroot hides none.
MARK = "KCLHOST_IMAGE_TEST"


def test_is_set_up_for_a_fleet(declared):
    assert declared["User"] == "10001"  # Kubernetes' runAsNonRoot wants a number
    assert set(declared["Volumes"]) == {"/plugins", "/etc/kclhost", "/var/lib/kclhost"}
    assert declared["StopSignal"] == "SIGTERM"
    assert declared["Entrypoint"][:2] == ["kclhost", "launch"]


def test_the_configuration_it_has_is_good(builder, container):
    builder("run", container, "--", "kclhost", "check", "--config", "/etc/kclhost/kclhost.yaml")


def test_counts_words_and_ends_gracefully(builder, declared, container, root, tmp_path):
    plugins, config, state = (tmp_path / name for name in ("plugins", "config", "state"))
    for directory in (plugins, config, state):
        directory.mkdir()
        directory.chmod(0o755)
    os.chown(state, 10001, 10001)
    shutil.copy(root / "plugins/word_counter.so", plugins / "mine.so")
    volumes = [f"{plugins}:/plugins:ro", f"{config}:/etc/kclhost:ro", f"{state}:/var/lib/kclhost"]
    with LocalServices(tmp_path / "services") as services:
        stream = services.create_stream(shards=1)
        for word in WORDS:
            services.kinesis.put_record(StreamName=stream, Data=word.encode(), PartitionKey=word)
        (config / "kclhost.yaml").write_text(json.dumps({  # JSON is YAML
            "version": 1, "plugins_dir": "/plugins", "state_dir": "/var/lib/kclhost", "checkpoint": {"interval": "1s"},
            "plugin": {"path": "mine.so", "config": {"output_dir": "/var/lib/kclhost"}},
            "daemon": {"jars": "${KCLHOST_JARS}", "jvm_options": ["-Xmx256m"], "properties": {
                **services.daemon_properties(), "streamName": stream, "applicationName": "image"}}}))
        environment = {**CREDENTIALS, MARK: str(tmp_path)}
        run = [*builder.command, "run", *(f"--volume={volume}" for volume in volumes),
               *(f"--env={name}={value}" for name, value in environment.items()), container, "--",
               *declared["Entrypoint"]]
        with Process(run, tmp_path / "log", env=builder.environment) as running:
            def counted() -> Counter:
                assert running.running(), running.tail()
                total = Counter()
                for file in state.glob("shardId-*.json"):
                    total.update(json.loads(file.read_text())["words"])
                return total

            try:
                wait_for(lambda: sum(counted().values()) >= len(WORDS), "the words to be counted")
                assert counted() == Counter(WORDS)
                inside = processes(tmp_path)
                assert {uid for uid, _ in inside.values()} == {10001}, inside
                # Otherwise launch says that the archive does not fit, and leaves it out.
                assert [word for _, command in inside.values() for word in command
                        if word == "-XX:SharedArchiveFile=/opt/kclhost/jars/classes.jsa"], running.tail()
                launch, = (pid for pid, (_, command) in inside.items() if command[1] == "launch")
                os.kill(launch, signal.SIGTERM)
                assert running.wait() == 0, running.tail()
                assert not processes(tmp_path)
            finally:
                for pid in processes(tmp_path):
                    os.kill(pid, signal.SIGKILL)
        lease, = services.leases("image").values()
        assert lease["checkpoint"].isdigit(), lease


def processes(directory: Path) -> dict:
    """The container's: {pid: (uid, command)}."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"{MARK}={directory}".encode() in (process / "environ").read_bytes().split(b"\0"):
                command = (process / "cmdline").read_text().split("\0")
                if command[0] and "buildah" not in command[0]:
                    found[int(process.name)] = process.stat().st_uid, command
        except OSError:
            pass  # it has ended
    return found
