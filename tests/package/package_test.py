"""A project outside this one builds and tests a plugin with the installed SDK, and with its source by add_subdirectory."""
import argparse
import pathlib
import re
import stat
import subprocess
import sys
import tempfile

parser = argparse.ArgumentParser()
for name in ("source", "cmake", "nm", "c-compiler", "cxx-compiler"):
    parser.add_argument("--" + name, required=True)
parser.add_argument("--consumer-cmake", required=True, help="the CMake that the plugin's author has; oldest: it is fetched")
options = parser.parse_args()
consumer = pathlib.Path(__file__).resolve().parent / "consumer"
consumer_cmake = options.consumer_cmake
if consumer_cmake == "oldest":
    sys.path.insert(0, str(consumer.parents[1] / "support"))
    import fetch
    consumer_cmake = fetch.oldest_cmake()
    needed = re.search(r"cmake_minimum_required\(VERSION (\d+\.\d+)\)", (consumer / "CMakeLists.txt").read_text())[1]
    version = subprocess.run([consumer_cmake, "--version"], capture_output=True, text=True, check=True).stdout.split()[2]
    assert version.startswith(needed + "."), f"this is {version}, and what is promised is {needed}"


def run(*command):
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\nexited with {done.returncode}:\n{done.stdout}")
    return done.stdout


def configure(source, build, *arguments):
    return run(options.cmake, "-S", source, "-B", build, f"-DCMAKE_CXX_COMPILER={options.cxx_compiler}", *arguments)


def check(plugin):
    exported = [line.split() for line in run(options.nm, "-D", "--defined-only", plugin).splitlines()]
    assert [(kind, name) for _, kind, name in exported] == [("T", "kclhost_plugin_v1")], exported
    everything = run(options.nm, plugin).splitlines()
    assert not [line for line in everything if " u " in line], "unique symbols in " + str(plugin)
    assert not plugin.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH), oct(plugin.stat().st_mode)


with tempfile.TemporaryDirectory() as directory:
    temporary = pathlib.Path(directory)
    sdk = temporary / "sdk"
    # What a machine without the host's libraries can build.
    configure(options.source, sdk, f"-DCMAKE_C_COMPILER={options.c_compiler}", "-DKCLHOST_BUILD_HOST=OFF",
              "-DKCLHOST_BUILD_PLUGINS=OFF")
    run(options.cmake, "--install", sdk, "--prefix", temporary / "prefix")
    for name, arguments in {"installed": [f"-DCMAKE_PREFIX_PATH={temporary / 'prefix'}"],
                            "source": [f"-DKCLHOST_SOURCE={options.source}"]}.items():
        build = temporary / name
        # A umask like this is common, and kclhost refuses what it makes.
        run("sh", "-c", 'umask 000 && "$@"', "sh", consumer_cmake, "-S", consumer, "-B", build,
            f"-DCMAKE_CXX_COMPILER={options.cxx_compiler}", "-DCMAKE_CXX_FLAGS=-Wall -Wextra -Wpedantic -Werror", *arguments)
        run("sh", "-c", 'umask 000 && "$@"', "sh", consumer_cmake, "--build", build)
        check(build / "plugins" / "greeter.so")
        run(build / "greeter_test", build / "plugins" / "greeter.so")
        assert not (build / "bin" / "kclhost").exists(), "the host was built too"
        # Nothing of kclhost's own would be installed with the consumer.
        run(consumer_cmake, "--install", build, "--prefix", temporary / (name + "-prefix"))
        assert not (temporary / (name + "-prefix")).exists(), "the consumer's install has files of kclhost"
