"""Reads a page of metrics in the text format 0.0.4 and answers questions about it."""

import re

LINE = re.compile(r"^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)(?: (\d+))?$")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"(?:,|$)')
ESCAPES = {r"\\": "\\", r"\"": '"', r"\n": "\n"}


def unescape(text):
    return re.sub(r"\\.", lambda match: ESCAPES[match.group()], text)


class Scrape:
    """`samples` maps (name, frozenset of (label, value)) to a number."""

    def __init__(self, text=""):
        self.samples, self.types, self.help = {}, {}, {}
        for line in text.splitlines():
            self._read(line)

    def _read(self, line):
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            self.types[name] = kind
        elif line.startswith("# HELP "):
            _, _, name, self_help = line.split(" ", 3)
            self.help[name] = self_help
        elif line and not line.startswith("#"):
            match = LINE.match(line)
            if not match:
                raise ValueError(f"no sample: {line!r}")
            pairs = LABEL.findall(match.group(2) or "")
            labels = frozenset((key, unescape(value)) for key, value in pairs)
            key = (match.group(1), labels)
            if key in self.samples:
                raise ValueError(f"twice: {line!r}")
            self.samples[key] = float(match.group(3))

    def select(self, name, **labels):
        """[(labels as a dict, value)] of the series of `name` with these labels."""
        wanted = set(labels.items())
        return [(dict(found), value) for (series, found), value in self.samples.items()
                if series == name and wanted <= found]

    def sum(self, name, **labels):
        return sum(value for _, value in self.select(name, **labels))

    def by(self, label, name, **labels):
        """Sums by the values of one label, without zeros."""
        sums = {}
        for found, value in self.select(name, **labels):
            key = found.get(label, "")
            sums[key] = sums.get(key, 0) + value
        return {key: value for key, value in sums.items() if value}

    def families(self):
        return set(self.types)

    def since(self, before):
        """Every sample minus its value in an earlier page; meant for counters."""
        difference = Scrape()
        difference.types, difference.help = self.types, self.help
        difference.samples = {key: value - before.samples.get(key, 0)
                              for key, value in self.samples.items()}
        return difference
