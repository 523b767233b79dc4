"""The project's own C and C++ files, and the tools that look at them."""
import pathlib
import shutil
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
# The frozen header is kept as it was released.
FOREIGN = {TOP / "tests/abi/v1_0/kclhost/plugin.h"}


def sources(*folders, suffixes=(".c", ".cpp", ".h", ".hpp")):
    """Every file with one of the suffixes in these folders of the project."""
    found = [path for folder in folders for path in sorted((TOP / folder).rglob("*"))
             if path.suffix in suffixes and "node_modules" not in path.parts]
    return [path for path in found if path not in FOREIGN]


def tool(name):
    """A program's path; ends the test when it is missing."""
    path = shutil.which(name)
    if path is None:
        sys.exit(name + " is missing; scripts/install-deps test installs it")
    return path
