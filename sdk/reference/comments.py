"""Doxygen's input filter: the headers' plain comments as Doxygen wants them. Usage: comments.py FILE"""
import re
import sys

# Whole lines, the comment that a line begins, and one behind code.
CPP = re.compile(r"^(\s*)//(?!/)(.*)$")
C = re.compile(r"^(\s*)/\*(?!\*)(.*)$")
BEHIND_CPP = re.compile(r"^(.*\S.*?)  // (.*)$")
BEHIND_C = re.compile(r"^(.*[;,{}]) /\* (.*)$")


def escaped(text):
    return re.sub(r"([\\@<>#&])", r"\\\1", text)


def prose(text):
    """Examples are indented by three; Markdown wants more."""
    return "      " + text if text.startswith("   ") else escaped(text)


def filtered(lines):
    first, inside = True, False
    for line in lines:
        if inside:
            text, end = line.removesuffix("*/"), "*/" if line.endswith("*/") else ""
            text = re.sub(r"^\s*\* ?", "", text)
            yield " * " + prose(" " + text).removeprefix(" ") + end
            inside = not end
            continue
        whole, begin = CPP.match(line), C.match(line)
        heading = "----" in line
        if heading:
            yield line
        elif whole:
            if first:
                yield "/// @file"
            yield f"{whole[1]}///{prose(whole[2])}"
            first = False
        elif begin:
            inside = not line.endswith("*/")
            text = begin[2] if inside else begin[2].removesuffix("*/")
            if first:
                yield "/** @file"
            yield f"{begin[1]}{' *' if first else '/**'}{prose(text)}" + ("" if inside else "*/")
            first = False
        elif BEHIND_CPP.match(line) and "#include" not in line:
            yield BEHIND_CPP.sub(lambda found: f"{found[1]}  ///< {escaped(found[2])}", line)
        elif BEHIND_C.match(line):
            found = BEHIND_C.match(line)
            inside = not line.endswith("*/")
            text = found[2] if inside else found[2].removesuffix("*/")
            yield f"{found[1]} /**< {escaped(text)}" + ("" if inside else "*/")
        else:
            yield line


with open(sys.argv[1], encoding="utf-8") as header:
    print("\n".join(line for line in filtered(header.read().splitlines())))
