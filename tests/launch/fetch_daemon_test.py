"""kclhost fetch-daemon, with a script in Maven's place."""
import ctypes
import hashlib
import os
import re
import struct
import subprocess
from pathlib import Path

import fetch
import pytest
from services import wait_for

FAKE_MAVEN = """\
#!/bin/sh
echo "$@" >>"$FAKE_DIR/calls"
version=pinned
for word; do
  case $word in -DoutputDirectory=*) to=${word#*=} ;; -DdaemonVersion=*) version=${word#*=} ;; esac
done
[ -e "$FAKE_DIR/nothing" ] && exit 0
echo jar >"$to/one.jar"
[ -e "$FAKE_DIR/native" ] && echo so >"$to/one.so"
if [ -e "$FAKE_DIR/broken" ]; then
  echo "[ERROR] no such artifact"
  echo "[ERROR] To see the full stack trace ..."
  exit 1
fi
while [ -e "$FAKE_DIR/hold" ]; do sleep 0.02; done
echo "$version" >"$to/two.jar"
"""

# What it dumps is a text: the Java and the class path that it fits.
FAKE_JAVA = """\
#!/bin/sh
echo "$@" >>"$FAKE_DIR/java-calls"
for word; do
  case $last in -cp) class_path=$word ;; esac
  case $word in
    -Xshare:*) share=${word#*:} ;;
    -XX:SharedArchiveFile=*) archive=${word#*=} ;;
    -XX:SharedClassListFile=*) classes=${word#*=} ;;
  esac
  last=$word
done
fits="$0 $class_path"
if [ $share = on ]; then
  [ "$fits" = "$(cat "$archive")" ]
elif [ -e "$FAKE_DIR/java-broken" ]; then
  echo part >"$archive"
  echo "a long story"
  echo "no room for it"
  exit 1
else
  [ -r "$classes" ] && echo "$fits" >"$archive"
fi
"""


class Fetcher:
    def __init__(self, kclhost, directory):
        self.kclhost = kclhost
        self.directory = directory
        self.pom = directory / "pom.xml"
        self.pom.write_text("<project/>")
        self.jars = directory / "somewhere" / "jars"
        bin_directory = directory / "bin"
        bin_directory.mkdir()
        for name, text in (("mvn", FAKE_MAVEN), ("java", FAKE_JAVA), ("other-java", FAKE_JAVA)):
            (bin_directory / name).write_text(text)
            (bin_directory / name).chmod(0o755)
        self.env = dict(os.environ, PATH=f"{bin_directory}:{os.environ['PATH']}", FAKE_DIR=str(directory))

    def start(self, *options, env=None, before=()):
        pom = () if "--archive-only" in options else ("--pom", self.pom)
        return subprocess.Popen([*before, self.kclhost, "fetch-daemon", *pom, *options], env=env or self.env,
                                cwd=self.directory, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def run(self, *options, **how):
        """Its exit status, standard output and standard error."""
        process = self.start(*options, **how)
        out, err = process.communicate(timeout=120)
        return process.returncode, out, err

    def calls(self):
        calls = self.directory / "calls"
        return len(calls.read_text().splitlines()) if calls.exists() else 0

    def dumps(self):
        """The archives that Java was told to make."""
        return [line for line in (self.directory / "java-calls").read_text().splitlines() if "-Xshare:dump" in line]

    def siblings(self):
        return sorted(path.name for path in self.jars.parent.iterdir())


@pytest.fixture
def fetcher(kclhost, tmp_path):
    return Fetcher(kclhost, tmp_path)


def test_fetches_once(fetcher):
    code, out, err = fetcher.run("--to", fetcher.jars)
    assert (code, err) == (0, "")
    assert "2 jars" in out
    assert sorted(path.name for path in fetcher.jars.glob("*.jar")) == ["one.jar", "two.jar"]
    assert fetcher.siblings() == ["jars"]
    assert fetcher.run("--to", fetcher.jars)[0] == 0
    assert fetcher.calls() == 1
    assert len(fetcher.dumps()) == 1


def test_the_tests_take_what_it_fetched(fetcher):
    """Else they fetch it again, and the class archive goes with the old jars."""
    fetcher.run("--to", fetcher.jars)
    assert fetch.is_complete(fetcher.jars, hashlib.sha256(fetcher.pom.read_bytes()).hexdigest())


def test_fetches_again_when_the_pom_changed(fetcher):
    fetcher.run("--to", fetcher.jars)
    (fetcher.jars / "old.jar").touch()
    fetcher.pom.write_text("<project>newer</project>")
    assert fetcher.run("--to", fetcher.jars)[0] == 0
    assert fetcher.calls() == 2
    assert not (fetcher.jars / "old.jar").exists()


@pytest.mark.parametrize("gone", [["one.jar"], ["two.jar", "classes.jsa"], ["one.jar", "two.jar"]])
def test_jars_that_have_gone_are_fetched_again(fetcher, gone):
    fetcher.run("--to", fetcher.jars)
    for name in gone:
        (fetcher.jars / name).unlink()
    code, out, err = fetcher.run("--to", fetcher.jars)
    assert (code, err) == (0, "")
    assert "2 jars" in out and fetcher.calls() == 2
    assert fetcher.siblings() == ["jars"]


@pytest.mark.parametrize("jar, calls", [("amazon-kinesis-client-multilang-3.1.3.jar", 1), ("other.jar", 2)])
def test_where_the_stamp_names_no_jars_the_daemons_must_be_there(fetcher, jar, calls):
    """As kclhost wrote it before the stamp named them."""
    fetcher.run("--to", fetcher.jars)
    stamp = fetcher.jars / ".complete"
    stamp.write_text(stamp.read_text().split("\n")[0] + "\n")
    (fetcher.jars / jar).touch()
    assert fetcher.run("--to", fetcher.jars)[0] == 0
    assert fetcher.calls() == calls


def test_a_pom_without_a_jar_is_an_error(fetcher):
    (fetcher.directory / "nothing").touch()
    code, _, err = fetcher.run("--to", fetcher.jars)
    assert code == 1
    assert err.count("\n") == 1 and f"{fetcher.pom} names no jar" in err
    assert not fetcher.jars.exists()


def version_in(jars):
    return (jars / "two.jar").read_text().strip()


def test_another_version(fetcher):
    fetcher.pom.write_text("<project>${daemonVersion}</project>")
    assert fetcher.run("--to", fetcher.jars)[0] == 0
    assert version_in(fetcher.jars) == "pinned"
    for _ in range(2):
        code, out, err = fetcher.run("--to", fetcher.jars, "--version", "3.5.1")
        assert (code, err) == (0, "")
        assert version_in(fetcher.jars) == "3.5.1"
    assert "3.5.1 into" not in out, "it was there"
    assert fetcher.calls() == 2
    assert fetcher.run("--to", fetcher.jars, "--version", "3.5.0")[0] == 0
    assert version_in(fetcher.jars) == "3.5.0"
    assert fetcher.run("--to", fetcher.jars)[0] == 0
    assert version_in(fetcher.jars) == "pinned", "without the option, the pom's"


def test_says_which_version_goes(fetcher):
    fetcher.pom.write_text("<project>${daemonVersion}</project>")
    fetcher.run("--to", fetcher.jars)
    (fetcher.jars / "amazon-kinesis-client-multilang-3.1.3.jar").touch()
    _, out, _ = fetcher.run("--to", fetcher.jars, "--version", "3.5.1")
    assert out.splitlines()[0] == f"fetching the MultiLangDaemon 3.5.1 into {fetcher.jars}, in place of 3.1.3"


def test_a_version_that_is_not_there_is_named(fetcher):
    fetcher.pom.write_text("<project>${daemonVersion}</project>")
    (fetcher.directory / "broken").touch()
    code, _, err = fetcher.run("--to", fetcher.jars, "--version", "9.9.9")
    assert code == 1
    assert err.count("\n") == 1 and "9.9.9" in err and "no such artifact" in err


@pytest.mark.parametrize("version, pom, told", [("latest", "${daemonVersion}", "such as 3.5.1"),
                                                ("3.5.1 -X", "${daemonVersion}", "such as 3.5.1"),
                                                ("3.5.1", "3.1.3", "${daemonVersion}")])
def test_a_version_that_can_t_be_asked_for(fetcher, version, pom, told):
    fetcher.pom.write_text(f"<project>{pom}</project>")
    code, _, err = fetcher.run("--to", fetcher.jars, "--version", version)
    assert code == 2
    assert err.count("\n") == 1 and told in err
    assert fetcher.calls() == 0


def test_the_pom_that_is_shipped_takes_a_version(fetcher):
    shipped = (Path(__file__).parents[2] / "config" / "daemon" / "pom.xml").read_text()
    pinned, = re.findall("<daemonVersion>(.*)</daemonVersion>", shipped)
    assert shipped.count("${daemonVersion}") == 1 and shipped.count(pinned) == 1


def test_a_failure_leaves_nothing_that_looks_whole(fetcher):
    (fetcher.directory / "broken").touch()
    code, _, err = fetcher.run("--to", fetcher.jars)
    assert code == 1
    assert err.count("\n") == 1 and "no such artifact" in err
    assert not fetcher.jars.exists()
    (fetcher.directory / "broken").unlink()
    assert fetcher.run("--to", fetcher.jars)[0] == 0
    assert fetcher.siblings() == ["jars"]


def test_a_failure_is_one_though_whoever_started_it_ignores_the_ends_of_its_children(fetcher):
    (fetcher.directory / "broken").touch()
    code, _, err = fetcher.run("--to", fetcher.jars, before=("env", "--ignore-signal=CHLD"))
    assert code == 1
    assert err.count("\n") == 1 and "no such artifact" in err
    assert not fetcher.jars.exists()


def test_two_at_once_fetch_once(fetcher):
    (fetcher.directory / "hold").touch()
    both = [fetcher.start("--to", fetcher.jars) for _ in range(2)]
    wait_for(fetcher.calls, "Maven to be called")
    (fetcher.directory / "hold").unlink()
    for process in both:
        _, err = process.communicate(timeout=120)
        assert (process.returncode, err) == (0, "")
    assert fetcher.calls() == 1
    assert len(fetcher.dumps()) == 1


def test_leaves_other_peoples_files_alone(fetcher):
    fetcher.jars.mkdir(parents=True)
    (fetcher.jars / "thesis.txt").touch()
    code, _, err = fetcher.run("--to", fetcher.jars)
    assert code == 1
    assert "holds something else" in err
    assert (fetcher.jars / "thesis.txt").exists()


@pytest.mark.parametrize("name", ["thesis.txt", "mine/", "folder.jar/"])
def test_leaves_them_alone_beside_the_jars_too(fetcher, name):
    fetcher.run("--to", fetcher.jars)
    other = fetcher.jars / name
    other.mkdir() if name.endswith("/") else other.touch()
    assert fetcher.run("--to", fetcher.jars)[0] == 0
    fetcher.pom.write_text("<project>newer</project>")
    code, _, err = fetcher.run("--to", fetcher.jars)
    assert code == 1
    assert err.count("\n") == 1 and f"{other}: was not fetched" in err
    assert other.exists() and (fetcher.jars / "one.jar").exists()
    assert fetcher.calls() == 1
    other.rmdir() if name.endswith("/") else other.unlink()
    assert fetcher.run("--to", fetcher.jars)[0] == 0
    assert fetcher.calls() == 2


def test_what_maven_brought_besides_jars_is_no_other_persons(fetcher):
    (fetcher.directory / "native").touch()
    fetcher.run("--to", fetcher.jars)
    assert (fetcher.jars / "one.so").exists()
    (fetcher.directory / "native").unlink()
    fetcher.pom.write_text("<project>newer</project>")
    assert fetcher.run("--to", fetcher.jars)[0] == 0
    assert not (fetcher.jars / "one.so").exists()


def test_what_nfs_keeps_of_a_file_that_is_open_is_no_other_persons(fetcher):
    fetcher.run("--to", fetcher.jars)
    (fetcher.jars / ".nfs0000000000a1b2c300000001").touch()  # a class archive that was replaced while a JVM had it
    fetcher.pom.write_text("<project>newer</project>")
    code, _, err = fetcher.run("--to", fetcher.jars)
    assert (code, err) == (0, "")
    assert fetcher.calls() == 2
    assert sorted(path.name for path in fetcher.jars.iterdir()) == [".complete", "classes.jsa", "one.jar", "two.jar"]


MOVED_ITSELF, DELETED_WITHIN = 0x800, 0x200  # inotify's


def changes_of(directory):
    """A function that gives inotify's events of the directory up to then."""
    libc = ctypes.CDLL(None, use_errno=True)
    queue = libc.inotify_init1(os.O_NONBLOCK)
    assert libc.inotify_add_watch(queue, os.fsencode(directory), MOVED_ITSELF | DELETED_WITHIN) > 0

    def read():
        bytes_, kinds = os.read(queue, 65536), []
        os.close(queue)
        while bytes_:
            _, kind, _, length = struct.unpack_from("iIII", bytes_)
            kinds.append(kind & (MOVED_ITSELF | DELETED_WITHIN))
            bytes_ = bytes_[16 + length:]
        return kinds
    return read


def test_the_old_jars_are_out_of_the_way_before_the_first_is_deleted(fetcher):
    """So a kill never leaves a part of them."""
    fetcher.run("--to", fetcher.jars)
    changes = changes_of(fetcher.jars)
    fetcher.pom.write_text("<project>newer</project>")
    assert fetcher.run("--to", fetcher.jars)[0] == 0
    kinds = changes()
    assert kinds[0] == MOVED_ITSELF and DELETED_WITHIN in kinds, kinds
    assert fetcher.siblings() == ["jars"]
    assert sorted(path.name for path in fetcher.jars.iterdir()) == [".complete", "classes.jsa", "one.jar", "two.jar"]


def test_old_jars_that_a_kill_left_out_of_the_way_come_back(fetcher):
    fetcher.run("--to", fetcher.jars)
    partial = fetcher.directory / "somewhere" / "jars.partial"
    partial.mkdir()
    (partial / ".complete").touch()
    fetcher.jars.rename(partial / ".replaced")
    (fetcher.directory / "broken").touch()
    assert fetcher.run("--to", fetcher.jars)[0] == 0
    assert fetcher.calls() == 1 and (fetcher.jars / "two.jar").exists()


def test_old_jars_that_a_kill_left_are_deleted(fetcher):
    fetcher.run("--to", fetcher.jars)
    (fetcher.jars / ".replaced").mkdir()
    (fetcher.jars / ".replaced" / "one.jar").touch()
    assert fetcher.run("--to", fetcher.jars)[0] == 0
    assert not (fetcher.jars / ".replaced").exists()


def test_an_empty_directory_will_do(fetcher):
    fetcher.jars.mkdir(parents=True)
    assert fetcher.run("--to", fetcher.jars)[0] == 0


def test_without_maven_names_the_cure(fetcher):
    code, _, err = fetcher.run("--to", fetcher.jars, env=dict(fetcher.env, PATH="/nonexistent"))
    assert code == 1
    assert err.count("\n") == 1 and "install Maven" in err


def test_goes_where_the_configuration_says(fetcher):
    config = fetcher.directory / "kclhost.yaml"
    config.write_text("version: 1\nplugins_dir: .\nplugin: {path: x.so}\ndaemon: {jars: there}\n")
    assert fetcher.run("--config", config)[0] == 0
    assert (fetcher.directory / "there" / "one.jar").exists()


def test_the_default_is_jars_here(fetcher):
    code, out, _ = fetcher.run()
    assert code == 0
    assert (fetcher.directory / "jars" / "one.jar").exists()


# ---- The class archive -------------------------------------------------------------------------------------------------


def test_the_class_archive_lies_beside_the_jars(fetcher):
    _, out, _ = fetcher.run("--to", fetcher.jars)
    assert "making the class archive\n" in out and out.endswith(", and their class archive\n")
    assert sorted(path.name for path in fetcher.jars.iterdir()) == [".complete", "classes.jsa", "one.jar", "two.jar"]
    assert f"{fetcher.jars}/one.jar:{fetcher.jars}/two.jar" in (fetcher.jars / "classes.jsa").read_text()


@pytest.mark.parametrize("change", ["missing", "damaged", "another Java", "another jar"])
def test_a_class_archive_that_does_not_fit_is_made_anew(fetcher, change):
    fetcher.run("--to", fetcher.jars)
    archive, options = fetcher.jars / "classes.jsa", []
    if change == "missing":
        archive.unlink()
    elif change == "damaged":
        archive.write_text("damaged")
    elif change == "another Java":
        options = ["--java", "other-java"]
    else:
        (fetcher.jars / "mine.jar").touch()
    code, out, err = fetcher.run("--to", fetcher.jars, *options)
    assert (code, err) == (0, "")
    assert fetcher.calls() == 1 and len(fetcher.dumps()) == 2
    program = "other-java" if options else "java"
    assert archive.read_text().startswith(f"{fetcher.directory}/bin/{program} ")


@pytest.mark.parametrize("change", ["missing", "damaged"])
def test_the_archive_alone_is_made_anew_whatever_the_jars_are_of(fetcher, change):
    fetcher.pom.write_text("<project>${daemonVersion}</project>")
    fetcher.run("--to", fetcher.jars, "--version", "3.5.1")
    archive = fetcher.jars / "classes.jsa"
    archive.unlink() if change == "missing" else archive.write_text("damaged")
    for _ in range(2):
        code, out, err = fetcher.run("--to", fetcher.jars, "--archive-only")
        assert (code, err) == (0, "") and out.endswith(f"{fetcher.jars}: the class archive fits Java and jars\n")
    assert version_in(fetcher.jars) == "3.5.1" and fetcher.calls() == 1
    assert archive.read_text().startswith(f"{fetcher.directory}/bin/java ") and len(fetcher.dumps()) == 2


def test_the_archive_alone_that_can_not_be_made_is_a_failure(fetcher):
    code, _, err = fetcher.run("--to", fetcher.jars, "--archive-only")
    assert code == 1 and err.count("\n") == 1 and "without --archive-only" in err
    assert not fetcher.jars.exists()
    (fetcher.directory / "java-broken").touch()
    fetcher.run("--to", fetcher.jars)
    code, _, err = fetcher.run("--to", fetcher.jars, "--archive-only")
    assert code == 1 and err.count("\n") == 1 and "no room for it" in err


@pytest.mark.parametrize("option", ["--pom", "--version"])
def test_the_archive_alone_takes_no_other_jars(fetcher, option):
    assert fetcher.run("--to", fetcher.jars, "--archive-only", option, "3.5.1")[0] == 2


def test_the_class_archive_is_for_the_configurations_java(fetcher):
    config = fetcher.directory / "kclhost.yaml"
    config.write_text("version: 1\nplugins_dir: .\nplugin: {path: x.so}\ndaemon: {jars: there, java: other-java}\n")
    assert fetcher.run("--config", config)[0] == 0
    assert "/bin/other-java " in (fetcher.directory / "there" / "classes.jsa").read_text()


def test_it_is_for_the_java_of_a_configuration_that_is_named_wherever_the_jars_go(fetcher):
    config = fetcher.directory / "kclhost.yaml"
    config.write_text("version: 1\nplugins_dir: .\nplugin: {path: x.so}\ndaemon: {java: other-java}\n")
    assert fetcher.run("--config", config, "--to", fetcher.jars)[0] == 0
    assert "/bin/other-java " in (fetcher.jars / "classes.jsa").read_text()


def test_another_way_to_name_the_directory_is_no_other_archive(fetcher):
    fetcher.run("--to", fetcher.jars)
    (fetcher.directory / "link").symlink_to(fetcher.jars)
    assert fetcher.run("--to", "link")[0] == 0
    assert len(fetcher.dumps()) == 1


def test_without_a_class_archive_it_says_why_and_goes_on(fetcher):
    (fetcher.directory / "java-broken").touch()
    code, out, err = fetcher.run("--to", fetcher.jars)
    assert code == 0
    assert err.count("\n") == 1 and "no room for it" in err and "slower" in err
    assert out.endswith("2 jars, 0 MB\n")
    assert sorted(path.name for path in fetcher.jars.iterdir()) == [".complete", "one.jar", "two.jar"]


def test_without_java_it_says_so_and_goes_on(fetcher):
    code, _, err = fetcher.run("--to", fetcher.jars, "--java", "/nonexistent/java")
    assert code == 0
    assert err.count("\n") == 1 and "/nonexistent/java: no such program" in err
