"""Those that are compared: how each starts its application on a site. Those that read by the KCL; readers.py has the
others."""
import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

from .canned import HERE, services
from .pace import Pace
from .site import Site

fetch = services.fetch
DAEMON = "software.amazon.kinesis.multilang.MultiLangDaemon"


class Contender:
    name: str
    keeps_place = True  # goes on where it was when it is started again, and reads the children of a shard that was split

    def command(self, site: Site) -> list:
        raise NotImplementedError

    def start(self, site: Site, command: list) -> services.Process:
        return services.Process(command, site.folder / "log", env=site.environment(), cwd=site.folder)


class Kclhost(Contender):
    """`kclhost launch` of a build tree with the configuration that its sources ship. `folder` has the record processor,
    and gets the daemon's jars."""

    def __init__(self, name: str, build: Path, folder: Path):
        self.name, self.plugins = name, folder / "plugins"
        self.program = build / "bin" / "kclhost"
        self.source = source_of(build)
        if not (self.plugins / "arrivals.so").exists():
            raise RuntimeError(f"{self.plugins}/arrivals.so is missing; cmake --build builds it")
        self.jars = folder / f"jars-{name.replace(' ', '-')}"
        if subprocess.run([self.program, "fetch-daemon", "--to", self.jars], stdout=sys.stderr).returncode:
            raise RuntimeError(f"{self.program} fetch-daemon failed; what it says is above")

    def version(self) -> str:
        """And the commit, where its sources are git's."""
        said = subprocess.run([self.program, "--version"], capture_output=True, text=True, check=True).stdout.strip()
        commit = subprocess.run(["git", "-C", self.source, "describe", "--always", "--dirty"], capture_output=True, text=True)
        return f"{said}, commit {commit.stdout.strip()}" if commit.returncode == 0 else said

    def configuration(self, site: Site) -> Path:
        shipped = yaml.safe_load((self.source / "config" / "kclhost.yaml").read_text())
        shipped.update(plugins_dir=str(self.plugins), plugin={"path": "arrivals.so"},
                       state_dir=str(site.folder / "state"))
        shipped["daemon"].update(jars=str(self.jars), logback=str(self.source / "config" / "daemon" / "logback.xml"))
        shipped["daemon"]["properties"].update(site.properties())
        path = site.folder / "kclhost.yaml"
        path.write_text(json.dumps(shipped))  # JSON is YAML
        return path

    def command(self, site: Site) -> list:
        return [self.program, "launch", "--config", self.configuration(site)]

    def told(self, site: Site, what: str) -> str:
        """What launch would tell the daemon: "command" or "properties"."""
        done = subprocess.run([*self.command(site), f"--print-{what}"], capture_output=True, text=True,
                              env=site.environment())
        if done.returncode:
            raise RuntimeError(f"{self.program} launch --print-{what} failed: {done.stderr}")
        return done.stdout

    def pace(self, site: Site) -> Pace:
        """How fast its daemon reads."""
        return Pace.of_properties(self.told(site, "properties"))


class Kclpy(Contender):
    """The command that kclpy's own helper prints: the KCL's defaults, and the JVM's."""
    name = "kclpy"

    def __init__(self):
        self.python, self.jars = fetch.kclpy(), fetch.daemon()

    def command(self, site: Site) -> list:
        properties = site.write_properties({
            "executableName": f"{self.python} {HERE / 'processors' / 'arrivals.py'}", "processingLanguage": "python/3",
            "awsCredentialsProvider": "DefaultCredentialsProvider", **site.properties()})
        return ["java", "-cp", f"{self.jars}/*:{site.folder}", DAEMON, "--properties-file", properties]


class JavaKcl(Contender):
    """The KCL with a record processor in the same JVM. It has the properties, the JVM's options and the archive of classes
    that kclhost gives its daemon: what differs is the daemon's protocol and the children, and that nobody primes it."""
    name = "Java KCL"

    def __init__(self, like: Kclhost, folder: Path):
        self.like, self.jar = like, folder / "arrivals.jar"
        if not shutil.which("javac"):
            raise RuntimeError("javac is missing; openjdk-17-jdk-headless has it, on Debian 12")
        classes = folder / "classes"
        subprocess.run(["javac", "-d", classes, "-cp", f"{fetch.daemon()}/*", HERE / "processors" / "Arrivals.java"],
                       check=True)
        subprocess.run(["jar", "--create", "--file", self.jar, "-C", classes, "."], check=True)

    def command(self, site: Site) -> list:
        words = shlex.split(self.like.told(site, "command"))
        end = words.index("-cp")
        # The archive of classes is good for each class path that begins as its own does.
        class_path = f"{words[end + 1]}:{self.jar}"
        properties = site.folder / "daemon.properties"
        # Restarted under another name it would wait for the KCL's leader lock, as kclhost does not.
        properties.write_text(self.like.told(site, "properties") + "\nworkerId = java\n")
        logback = self.like.source / "config" / "daemon" / "logback.xml"
        return [*words[:end], f"-Dlogback.configurationFile={logback}", "-cp", class_path, "Arrivals", properties]


def source_of(build: Path) -> Path:
    """The sources of a build tree."""
    try:
        cache = (build / "CMakeCache.txt").read_text()
    except OSError:
        raise RuntimeError(f"{build}: not a build tree; cmake --build makes one") from None
    return next(Path(line.split("=", 1)[1]) for line in cache.splitlines() if line.startswith("CMAKE_HOME_DIRECTORY"))
