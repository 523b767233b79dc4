"""The project that docs/writing-a-plugin.md shows builds with the installed SDK, and its test passes."""
import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

parser = argparse.ArgumentParser()
for name in ("source", "cmake", "c-compiler", "cxx-compiler"):
    parser.add_argument("--" + name, required=True)
options = parser.parse_args()
sys.path.insert(0, os.path.join(options.source, "tests/docs"))
from pages import blocks, pages  # noqa: E402

guide = pages()["docs/writing-a-plugin.md"]
compilers = [f"-DCMAKE_C_COMPILER={options.c_compiler}", f"-DCMAKE_CXX_COMPILER={options.cxx_compiler}"]


def run(*command):
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\nexited with {done.returncode}:\n{done.stdout}")
    return done.stdout


def only(all_of_them):
    one, = all_of_them
    return one


with tempfile.TemporaryDirectory() as directory:
    temporary = pathlib.Path(directory)
    run(options.cmake, "-S", options.source, "-B", temporary / "sdk", *compilers, "-DKCLHOST_BUILD_HOST=OFF",
        "-DKCLHOST_BUILD_PLUGINS=OFF")
    run(options.cmake, "--install", temporary / "sdk", "--prefix", temporary / "prefix")
    project = temporary / "project"
    project.mkdir()
    whole = [body for body in blocks(guide, "cpp") if "#include" in body]
    (project / "greeter.cpp").write_text(only(body for body in whole if "KCLHOST_PLUGIN" in body))
    (project / "greeter_test.cpp").write_text(only(body for body in whole if "gtest.h" in body))
    # What is shown for the test goes behind what is shown for the plugin.
    (project / "CMakeLists.txt").write_text("".join(blocks(guide, "cmake")))
    run(options.cmake, "-S", project, "-B", temporary / "build", *compilers, f"-DCMAKE_PREFIX_PATH={temporary / 'prefix'}",
        "-DCMAKE_CXX_FLAGS=-Wall -Wextra -Werror")
    run(options.cmake, "--build", temporary / "build")
    tested = run(pathlib.Path(options.cmake).with_name("ctest"), "--test-dir", temporary / "build", "--output-on-failure")
    assert "100% tests passed, 0 tests failed out of 1" in tested, tested
