"""kclhost new: what it prints works as printed, the project is one to go on with, and bad wishes get one line."""
import pathlib
import re
import stat
import sys

import pytest

from conftest import BUILD

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "docs"))
from pages import blocks, pages  # noqa: E402

LANGUAGES = ["cpp", "c", "rust"]
BUILT = {"cpp": "build/plugins/word_filter.so", "c": "build/plugins/word_filter.so",
         "rust": "target/release/libword_filter.so"}
SOURCE = {"cpp": "word_filter.cpp", "c": "word_filter.c", "rust": "src/lib.rs"}
# A line of the plugin, and what a user makes of it.
CHANGE = {"cpp": ('": " +', '" has " +'), "c": ('"%.*s: %.*s"', '"%.*s has %.*s"'), "rust": ('"{}: {}"', '"{} has {}"')}
TESTED = {"cpp": "100% tests passed, 0 tests failed out of 1", "c": "100% tests passed, 0 tests failed out of 1",
          "rust": "test result: ok. 1 passed"}


def printed_commands(text):
    return re.findall(r"^    (\S.*)$", text, re.MULTILINE)


def make(user, language, *more):
    return printed_commands(user.run("kclhost", "new", "word_filter", "--lang", language, *more).stdout)


def said(done, word):
    """Each line of sample.txt, in the log."""
    return [bool(re.search(rf"\S{word}{line}$", done.stderr, re.MULTILINE))
            for line in ("hello", "another record", "the last one")]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_path_of_a_new_user(user, language):
    commands = make(user, language)
    done = user.sh(*commands)
    assert TESTED[language] in done.stdout
    assert said(done, ": ") == [True, True, True], done.stderr
    assert "3 records" in done.stdout
    assert "nothing to mend" in done.stdout

    project = user.home / "word_filter"
    assert "3 records" in user.run("./ci.sh", cwd=project).stdout
    inspected = user.run("kclhost", "inspect", BUILT[language], cwd=project).stdout
    assert re.search(r"^id +com\.example\.word_filter\nversion +0\.1\.0$", inspected, re.MULTILINE), inspected

    source = project / SOURCE[language]
    before, after = CHANGE[language]
    assert source.read_text().count(before) == 1
    source.write_text(source.read_text().replace(before, after))
    build, test, *others = commands[1:]
    user.sh(build, cwd=project)
    failed = user.sh(test, cwd=project, code=101 if language == "rust" else 8)
    assert "key: hello" in failed.stdout
    changed = user.sh(*others, cwd=project)
    assert said(changed, " has ") == [True, True, True]
    assert "nothing to mend" in changed.stdout


@pytest.mark.parametrize("page", ["writing-a-plugin", "c", "rust"])
def test_the_commands_of_a_guide(user, page):
    done = user.sh(blocks(pages()[f"docs/{page}.md"], "sh")[0])
    assert said(done, ": ") == [True, True, True], done.stderr


def test_a_plugin_that_is_built_without_cmake(user, prefix):
    """The README's smallest plugin, by the guide's command."""
    (user.home / "greeter.cpp").write_text(blocks(pages()["README.md"], "cpp")[0])
    guide = pages()["docs/writing-a-plugin.md"]
    command = blocks(guide[guide.index("\n## Without CMake\n"):], "sh")[0].replace("/usr/local/", f"{prefix}/")
    user.sh(command)
    assert user.run("kclhost", "conformance", "greeter.so").stdout.endswith(": nothing to mend\n"), "no warning either"


@pytest.mark.parametrize("language, page", zip(LANGUAGES, ["writing-a-plugin", "c", "rust"]))
def test_the_packages_are_named_before_the_commands(user, language, page):
    printed = user.run("kclhost", "new", "word_filter", "--lang", language).stdout
    readme = (user.home / "word_filter/README.md").read_text()
    before = [re.split(r"^(?:```sh|    cd )", text, maxsplit=1, flags=re.MULTILINE)[0]
              for text in (printed, readme, pages()[f"docs/{page}.md"])]
    named = [re.findall(r"`(apt install [^`]+)`", text) for text in before]
    assert len(named[0]) == 1 and named[0] == named[1] == named[2], named


def test_others_may_write_what_the_user_makes(user):
    """Which kclhost refuses of a plugin, and some systems' umask brings about. tests/package has the same of C++."""
    user.sh(*make(user, "rust"), umask=0o002)


def code_lines(text):
    """Without blank lines, remarks and tests."""
    text = re.sub(r"/\*.*?\*/", "", text.split("#[cfg(test)]")[0], flags=re.DOTALL)
    return [line for line in text.splitlines() if line.strip() and not line.strip().startswith("//")]


@pytest.mark.parametrize("language", ["cpp", "c"])
def test_the_plugin_is_short(user, language):
    make(user, language)
    assert len(code_lines((user.home / "word_filter" / SOURCE[language]).read_text())) <= 12


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_of_the_template_is_left(user, language):
    make(user, language)
    project = user.home / "word_filter"
    files = {str(path.relative_to(project)): path for path in project.rglob("*") if path.is_file()}
    assert {".gitignore", ".dockerignore", "Dockerfile", "README.md", "ci.sh", "kclhost.yaml", "sample.txt",
            SOURCE[language]} <= files.keys()
    for name, path in files.items():
        assert not re.search("my_?plugin", name + path.read_text(), re.IGNORECASE), name
        assert bool(path.stat().st_mode & stat.S_IXUSR) == (name == "ci.sh"), name
    assert "word_filter" in files["kclhost.yaml"].read_text()


def test_a_folder_of_another_name(user):
    commands = make(user, "c", "--to", "some where/else")
    assert commands[0] == "cd 'some where/else'"
    assert (user.home / "some where/else/word_filter.c").exists()


def test_an_empty_folder_will_do(user):
    (user.home / "word_filter").mkdir()
    make(user, "cpp")


def test_a_program_that_is_not_on_the_path(user, prefix):
    done = user.run(prefix / "bin/kclhost", "new", "word_filter", "--lang", "rust", PATH="/usr/bin:/bin")
    commands = printed_commands(done.stdout)
    assert commands[1] == f"export PATH={prefix}/bin:$PATH"
    user.sh(*commands, PATH="/usr/bin:/bin")


def test_the_program_where_it_was_built(user):
    """It needs no installation."""
    enter, *_ = make(user, "c")
    user.sh(enter, "cmake -B build && cmake --build build --target word_filter", PATH=f"{BUILD}/bin:/usr/bin:/bin")


def refused(user, *arguments, code=2):
    done = user.run("kclhost", "new", *arguments, code=code)
    line, = done.stderr.splitlines()
    assert done.stdout == ""
    return line


@pytest.mark.parametrize("name, instead", [
    ("word-filter", "word_filter"), ("WordFilter", "word_filter"), ("Word Filter!", "word_filter"), ("test", "my_test"),
    ("kclhost", "my_kclhost"), ("9lives", "lives"), ("_x", "x"), ("a/b", "a_b"), ("x" * 65, "x" * 64)])
def test_a_bad_name_gets_a_better_one(user, name, instead):
    said = refused(user, name, "--lang", "cpp")
    assert said.startswith(f"kclhost: no plugin can be called '{name}': ") and said.endswith(f"; {instead} would do")
    assert list(user.home.iterdir()) == []
    make_again = user.run("kclhost", "new", instead, "--lang", "cpp")
    assert f"cd {instead}" in make_again.stdout


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name, application", [("u", "u-app"), ("um", "um-app"), ("umm", "umm"),
                                               ("my_plugin2", "my_plugin2")])
def test_a_short_name_gets_an_application_whose_table_dynamodb_takes(user, language, name, application):
    user.run("kclhost", "new", name, "--lang", language)
    configuration = user.home / name / "kclhost.yaml"
    assert f"applicationName: ${{KCLHOST_APPLICATION:-{application}}}\n" in configuration.read_text()
    not_built = user.run("kclhost", "check", configuration, code=3).stderr
    assert "applicationName" not in not_built


@pytest.mark.parametrize("name", ["", "42", "größe", "-"])
def test_a_name_that_says_nothing(user, name):
    assert f"kclhost: no plugin can be called '{name}': a name has " in refused(user, "--lang", "c", "--", name)


def test_a_folder_with_something_in_it(user):
    (user.home / "word_filter").mkdir()
    (user.home / "word_filter/mine").write_text("mine")
    assert refused(user, "word_filter", "--lang", "c") == \
        "kclhost: word_filter is there, and not empty; name another folder with --to"
    assert [path.name for path in (user.home / "word_filter").iterdir()] == ["mine"]


def test_a_file_in_place_of_the_folder(user):
    (user.home / "word_filter").write_text("mine")
    assert "word_filter" in refused(user, "word_filter", "--lang", "c")
    assert (user.home / "word_filter").read_text() == "mine"


def test_a_folder_that_cannot_be_made(user):
    (user.home / "file").write_text("")
    assert "file/word_filter" in refused(user, "word_filter", "--lang", "c", "--to", "file/word_filter")


def test_a_language_that_there_is_not(user):
    assert "cobol" in refused(user, "word_filter", "--lang", "cobol")
    assert "--lang" in refused(user, "word_filter")
