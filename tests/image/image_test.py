"""The Dockerfile builds, and the image does its job as an engine would run it: words in, counts out, a new plugin taken up on the
way, SIGTERM ends it in order."""
import json
import os
import shutil
import signal
import subprocess
from collections import Counter
from pathlib import Path

from services import CREDENTIALS, LocalServices, Process, wait_for

WORDS = ["stream", "größe", "stream", "lease", "shard", "word", "count", "stream"]
GRACE = 90  # seconds, as in config/deploy: then an engine kills what is left
# What goes on in the container is found by this variable among the machine's processes.
MARK = "KCLHOST_IMAGE_TEST"
# What an engine does: namespaces for mounts and processes, a root that nobody can write to, the volumes, the user.
# FOLDER PLACE ro|rw ... -- COMMAND
ENGINE = f"""
root=$1 mark=$2; shift 2
mount --bind "$root" "$root"
while [ "$1" != -- ]; do
  mount --bind "$1" "$root$2"; mount -o "remount,bind,$3" "$root$2"; shift 3
done
shift
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -o remount,bind,ro "$root"
export {MARK}="$mark"
exec setpriv --no-new-privs /usr/sbin/chroot --userspec=10001:10001 "$root" "$@"
"""


def test_is_set_up_for_a_fleet(builder, declared, container):
    assert declared["User"] == "10001"  # Kubernetes' runAsNonRoot wants a number
    # Plugins and configuration are the image's, or a volume's that has a name: not copies in one that has none.
    assert set(declared["Volumes"]) == {"/var/lib/kclhost"}
    assert declared["StopSignal"] == "SIGTERM"
    assert declared["Entrypoint"][:2] == ["kclhost", "launch"]
    assert declared["Healthcheck"]["Test"] == ["CMD", "kclhost", "status", "--alive"]
    labels = declared["Labels"]
    assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"
    assert builder("run", container, "--", "kclhost", "--version").strip() == "kclhost " + labels["org.opencontainers.image.version"]


def test_the_configuration_it_has_is_good(builder, container):
    builder("run", container, "--", "kclhost", "check", "--config", "/etc/kclhost/kclhost.yaml")


class Container:
    """The image's files under a root that nobody can write to, as its user; state, plugins and configuration are volumes."""

    def __init__(self, builder, declared, root, directory):
        self.directory = directory
        self.plugins, self.config, self.state = (directory / name for name in ("plugins", "config", "state"))
        for folder in (self.plugins, self.config, self.state):
            folder.mkdir()
            folder.chmod(0o755)
        os.chown(self.state, 10001, 10001)
        (directory / "hosts").write_text("127.0.0.1 localhost\n")
        for place in ("proc", "dev"):
            (root / place).mkdir(exist_ok=True)
        (root / "etc/hosts").touch()
        self.environment = {**dict(line.split("=", 1) for line in declared["Env"]), **CREDENTIALS}
        self.engine = [*builder.in_a_mount, "unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-ec", ENGINE, "sh", root,
                       directory, self.plugins, "/plugins", "ro", self.config, "/etc/kclhost", "ro",
                       self.state, "/var/lib/kclhost", "rw", directory / "hosts", "/etc/hosts", "ro", "--"]

    def start(self, *command):
        return Process([*self.engine, *command], self.directory / "log", env=self.environment)

    def run(self, *command):
        """As the engine's `exec` does, beside what runs."""
        return subprocess.run([*map(str, self.engine), *command], env=self.environment, capture_output=True, text=True)

    def rename(self, plugin, name):
        shutil.copy(plugin, self.plugins / "new")
        os.rename(self.plugins / "new", self.plugins / name)

    def processes(self) -> dict:
        """{pid: (uid, command)}."""
        return processes(self.directory)

    def counted(self) -> Counter:
        total = Counter()
        for file in self.state.glob("shardId-*.json"):
            total.update(json.loads(file.read_text())["words"])
        return total


def test_consumes_swaps_and_ends_in_order(builder, declared, root, tmp_path):
    container = Container(builder, declared, root, tmp_path)
    container.rename(root / "plugins/word_counter.so", "mine.so")
    health = declared["Healthcheck"]["Test"][1:]
    with LocalServices(tmp_path / "services") as services:
        stream = services.create_stream(shards=2)
        last = {}  # of each shard

        def put(words):
            for word in words:
                answer = services.kinesis.put_record(StreamName=stream, Data=word.encode(), PartitionKey=word)
                last[answer["ShardId"]] = answer["SequenceNumber"]

        (container.config / "kclhost.yaml").write_text(json.dumps({  # JSON is YAML
            "version": 1, "plugins_dir": "/plugins", "state_dir": "/var/lib/kclhost", "checkpoint": {"interval": "1h"},
            "plugin": {"path": "mine.so", "config": {"output_dir": "/var/lib/kclhost"}},
            "timeouts": {"swap": "1h"},  # a machine that is busy makes no release a bad one
            "rollout": {"bake": {"time": "0s", "records": 1}, "undo_on": {"call_longer_than": "1h"}},
            "daemon": {"jars": "${KCLHOST_JARS}", "jvm_options": ["-Xmx256m"], "properties": {
                **services.daemon_properties(), "streamName": stream, "applicationName": "image"}}}))
        assert container.run(*health).returncode == 1
        with container.start(*declared["Entrypoint"]) as running:
            def until(condition, what):
                def met():
                    assert running.running(), running.tail()
                    return condition()
                wait_for(met, what)

            try:
                put(WORDS)
                assert len(last) == 2
                until(lambda: sum(container.counted().values()) >= len(WORDS), "the words to be counted")
                assert container.counted() == Counter(WORDS)
                inside = container.processes()
                assert {uid for uid, _ in inside.values()} == {10001}, inside
                # Otherwise launch says that the archive does not fit, and leaves it out.
                assert [word for _, command in inside.values() for word in command
                        if word == "-XX:SharedArchiveFile=/opt/kclhost/jars/classes.jsa"], running.tail()
                launch, = (pid for pid, (_, command) in inside.items() if command[1] == "launch")
                assert writable(launch) == {"/var/lib/kclhost"}
                assert (container.run(*health).returncode, container.run("kclhost", "status").returncode) == (0, 0)

                # Another content, and as good a plugin: what is behind an ELF file's last section is nobody's.
                (tmp_path / "next.so").write_bytes((root / "plugins/word_counter.so").read_bytes() + b"\n")
                container.rename(tmp_path / "next.so", "mine.so")
                looked = container.run("kclhost", "rollout", "look")
                assert looked.returncode == 0 and "release 2 " in looked.stdout, looked
                put(WORDS)
                until(lambda: sum(container.counted().values()) >= 2 * len(WORDS), "the words to be counted again")
                assert container.counted() == Counter(WORDS + WORDS)
                until(lambda: "release 2 runs\n" in container.run("kclhost", "rollout", "status").stdout, "release 2 to run")
                assert hosts(inside) == hosts(container.processes()), "no other host was started"

                os.kill(launch, signal.SIGTERM)
                assert running.wait(GRACE) == 0, running.tail()
                assert not container.processes()
            finally:
                for pid in container.processes():
                    os.kill(pid, signal.SIGKILL)
        assert {shard: lease["checkpoint"] for shard, lease in services.leases("image").items()} == last


def hosts(inside) -> set:
    return {pid for pid, (_, command) in inside.items() if command[1] == "run"}


def writable(pid) -> set:
    """The places of the image's files that somebody may write to, in that process's view: what an engine itself brings is left out."""
    mounts = [line.split() for line in Path(f"/proc/{pid}/mountinfo").read_text().splitlines()]
    return {place for _, _, _, _, place, options, *_ in mounts
            if "rw" in options.split(",") and not place.startswith(("/proc", "/dev"))}


def processes(directory: Path) -> dict:
    """The container's: {pid: (uid, command)}."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"{MARK}={directory}".encode() in (process / "environ").read_bytes().split(b"\0"):
                command = (process / "cmdline").read_text().split("\0")
                if command[0]:
                    found[int(process.name)] = process.stat().st_uid, command
        except OSError:
            pass  # it has ended
    return found
