"""What is in the image, and what is not."""
import hashlib
import json
import os
import re
import stat
import subprocess
from pathlib import Path

import base_image
import fetch

# Bytes, before compression. Debian 13's Java and libraries are larger.
LARGEST = {"bookworm": 200_000_000, "trixie": 215_000_000}[base_image.RELEASE]

VALIDATE = """import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
print(JsonStrictValidator(SchemaVersion.V1_6).validate_str(open(sys.argv[1]).read()))"""


def files(root) -> list:
    return [os.path.join(directory, name) for directory, _, names in os.walk(root) for name in names]


def programs_and_libraries(root) -> list:
    found = []
    for file in files(root):
        if stat.S_ISREG(os.lstat(file).st_mode):
            with open(file, "rb") as opened:
                if opened.read(4) == b"\x7fELF":
                    found.append(file)
    return found


def test_is_small(root):
    sizes = {}
    for file in files(root):
        status = os.lstat(file)
        if stat.S_ISREG(status.st_mode):
            sizes[status.st_ino] = status.st_size, os.path.relpath(file, root)
    total = sum(size for size, _ in sizes.values())
    largest = "".join(f"\n{size:12,} {file}" for size, file in sorted(sizes.values(), reverse=True)[:20])
    assert total <= LARGEST, f"{total:,} bytes; the largest:{largest}"


def test_has_nothing_to_break_in_with(root):
    """No shell, no package manager, nothing that gives its caller another user's rights."""
    assert not {os.path.basename(file) for file in files(root)} & {"sh", "bash", "dash", "busybox", "apt-get", "dpkg", "perl"}
    gives_rights = [file for file in files(root) if os.lstat(file).st_mode & (stat.S_ISUID | stat.S_ISGID)
                    and stat.S_ISREG(os.lstat(file).st_mode)]
    assert not gives_rights


def test_each_library_that_something_needs_is_there(root):
    there = {os.path.basename(file) for file in files(root)}
    objects = programs_and_libraries(root)
    dynamic = subprocess.run(["readelf", "--dynamic", "--wide", *objects], capture_output=True, text=True, check=True).stdout
    needed = set(re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic))
    assert {"libc.so.6", "libcurl.so.4", "libz.so.1"} <= needed
    assert not needed - there


def test_has_plugins_to_begin_with(root):
    assert {file.name for file in (root / "plugins").iterdir()} == {"word_counter.so", "archiver.so", "http_forwarder.so"}


def test_names_its_packages(root):
    """For those who look for vulnerabilities, with what their licences ask for."""
    for name in ("libc6", "libcurl4", "libmicrohttpd12", "libstdc++6"):
        listed, = (root / "var/lib/dpkg/status.d").glob(name + "*")  # Debian 13 has a libcurl4t64
        assert re.search(r"^Version: \S", listed.read_text(), re.MULTILINE)
    assert (root / "usr/share/doc/libc6/copyright").exists()
    assert "ID=debian" in (root / "usr/lib/os-release").read_text()


def test_says_what_it_is_made_of(root):
    """As CycloneDX has it: each package, each jar by its sum, and the libraries that were linked; all with their licences."""
    file = root / "usr/local/share/doc/kclhost/sbom.cdx.json"
    valid = subprocess.run([fetch.cyclonedx(), "-c", VALIDATE, file], capture_output=True, text=True, check=False)
    assert (valid.returncode, valid.stdout) == (0, "None\n"), valid.stdout + valid.stderr
    components = json.loads(file.read_text())["components"]
    named = {component["name"] for component in components}
    assert {package.name for package in (root / "var/lib/dpkg/status.d").iterdir()} <= named
    assert {"libssl-dev", "libyaml-cpp-dev", "rapidjson-dev"} <= named and [name for name in named if name.startswith("openjdk-")]
    by_sum = {sum["content"]: component for component in components for sum in component.get("hashes", []) if sum["alg"] == "SHA-256"}
    jars = list((root / "opt/kclhost/jars").glob("*.jar"))
    assert len(jars) > 50
    for jar in jars:
        assert by_sum[hashlib.sha256(jar.read_bytes()).hexdigest()]["licenses"], jar
    notices = (root / "usr/local/share/doc/kclhost/copyright").read_text()
    assert "Boost Software License" in notices and "libssl-dev" in notices


def test_has_certificates_and_time_zones(root):
    for file in ("etc/ssl/certs/ca-certificates.crt", "opt/java/lib/security/cacerts", "usr/share/zoneinfo/Europe/Berlin"):
        assert (root / file).stat().st_size > 0


def test_the_state_is_its_users(root):
    state, temporary = ((root / name).stat() for name in ("var/lib/kclhost", "tmp"))
    assert (state.st_uid, stat.S_IMODE(state.st_mode)) == (10001, 0o755)
    assert stat.S_IMODE(temporary.st_mode) == 0o1777


def test_the_other_image_looks_inside_the_same(builder, debug, root):
    def run(*command) -> str:
        return builder("run", debug, "--", *command)

    there = Path(builder("mount", debug).strip())
    ours = [os.path.relpath(file, root) for folder in ("usr/local/bin", "plugins") for file in programs_and_libraries(root / folder)]
    assert {"usr/local/bin/kclhost", "usr/local/bin/kclhost-doctor", "usr/local/bin/kclhost-prime", "usr/local/bin/kclhost-put",
            "usr/local/bin/kclhost-web", "plugins/word_counter.so"} <= set(ours)
    for file in ours:
        assert (there / file).read_bytes() == (root / file).read_bytes()
        assert ".cpp" in run("gdb", "--batch", "-ex", "info sources", f"/{file}"), f"{file} has no symbols"
    assert "main.cpp" in run("gdb", "--batch", "-ex", "info line main", "/usr/local/bin/kclhost")
    assert run("sh", "-c", "id -u").strip() == "10001"
    assert "-XX:SharedArchiveFile=/opt/kclhost/jars/classes.jsa" in run(
        "kclhost", "launch", "--config", "/etc/kclhost/kclhost.yaml", "--print-command")
    for command in (("strace", "--version"), ("ps", "--version"), ("jcmd", "-l"), ("addr2line", "--version"),
                    ("apt-get", "--version")):
        run(*command)


def test_a_plugins_own_image_is_made_of_it(builder, stages, declared, tmp_path):
    """By the Dockerfile of a new project, which builds the plugin and passes its tests on the way."""
    builder("tag", "sdk", "kclhost-sdk")
    container = builder("from", "--pull-never", "kclhost-sdk").strip()
    builder("run", f"--volume={tmp_path}:/made", container, "--", "kclhost", "new", "word_filter", "--lang", "cpp", "--to",
            "/made/word_filter")
    builder("rm", container)
    builder("bud", "--pull-never", "--tag", "word-filter", tmp_path / "word_filter")
    container = builder("from", "--pull-never", "word-filter").strip()
    for volume in declared["Volumes"]:  # as for the other container, see conftest.py
        builder("config", "--volume", f"{volume}-", container)
    shown = builder("run", container, "--", "kclhost", "inspect", "/plugins/word_filter.so")
    assert "com.example.word_filter" in shown
    builder("run", container, "--", "kclhost", "check", "--config", "/etc/kclhost/kclhost.yaml")
