"""What the classes in a directory of jars refer to, read off their constant pools."""
import re
import struct
import zipfile
from pathlib import Path

# Bytes behind the tag of each constant; a text's length is its own.
SIZES = {3: 4, 4: 4, 5: 8, 6: 8, 7: 2, 8: 2, 9: 4, 10: 4, 11: 4, 12: 4, 15: 3, 16: 2, 17: 4, 18: 4, 19: 2, 20: 2}
TEXT, LONG, DOUBLE, CLASS, STRING = 1, 5, 6, 7, 8
IN_A_DESCRIPTOR = re.compile(r"L([\w/$]+)[;<]")
A_NAME = re.compile(r"[A-Za-z_]\w*(?:[./][a-z_]\w*)+[./][A-Z][\w$]*")


class Jars:
    """Names are as in class files: java/lang/String."""

    def __init__(self, directory: Path):
        self.files, self.services = {}, {}
        for path in sorted(directory.glob("*.jar")):
            jar = zipfile.ZipFile(path)
            for name in jar.namelist():
                if name.endswith(".class") and not name.startswith("META-INF/"):
                    self.files.setdefault(name.removesuffix(".class"), jar)
                elif re.fullmatch(r"META-INF/services/[\w.$]+", name):
                    providers = (line.split("#")[0].strip().replace(".", "/") for line in jar.read(name).decode().splitlines())
                    self.services.setdefault(name.split("/")[2].replace(".", "/"), set()).update(filter(None, providers))

    def references(self, name: str):
        """(the classes its code names, those that its texts name: by reflection, if at all)."""
        data = self.files[name].read(name + ".class")
        count, = struct.unpack_from(">H", data, 8)
        texts, classes, strings = {}, [], []
        at, index = 10, 1
        while index < count:
            tag = data[at]
            if tag == TEXT:
                size = 2 + struct.unpack_from(">H", data, at + 1)[0]
                texts[index] = data[at + 3:at + 1 + size].decode("utf-8", "replace")
            else:
                size = SIZES[tag]
                if tag in (CLASS, STRING):
                    (classes if tag == CLASS else strings).append(struct.unpack_from(">H", data, at + 1)[0])
            at += 1 + size
            index += 2 if tag in (LONG, DOUBLE) else 1
        named = {texts[each] for each in classes if not texts[each].startswith("[")}
        named.update(found for text in texts.values() if ";" in text for found in IN_A_DESCRIPTOR.findall(text))
        spoken = {texts[each].replace(".", "/") for each in strings if A_NAME.fullmatch(texts[each])}
        return named, spoken

    def reachable(self, roots, stop=()):
        """{class: the class that leads to it}: what the roots refer to, in turn, and what provides a service that they name.
        Goes on from no class whose name begins with one of stop. Classes that no jar has are in it too."""
        found, waiting = {}, [(root, None) for root in roots]
        while waiting:
            name, by = waiting.pop()
            if name in found:
                continue
            found[name] = by
            if name not in self.files or name.startswith(stop):
                continue
            named, spoken = self.references(name)
            spoken &= self.files.keys()  # most texts that look like one are none
            waiting += ((each, name) for each in named | spoken | self.services.get(name, set()))
        return found
