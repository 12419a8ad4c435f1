"""What the architecture tests share: walking the sources, and reading C++ text without its comments and strings."""
import argparse
import pathlib
import re
import sys

HEADERS = {".hpp", ".h"}
SOURCES = HEADERS | {".cpp"}


class Tree:
    """The repository, or in the self-tests a small one made for the occasion."""

    def __init__(self, root):
        self.root = pathlib.Path(root)

    def files(self, *folders, suffixes=SOURCES):
        for folder in folders:
            for path in sorted((self.root / folder).rglob("*")):
                if path.suffix in suffixes and path.is_file():
                    yield path

    def name(self, path):
        return path.relative_to(self.root).as_posix()

    def module_of(self, path):
        """src/json/x.cpp and include/fluxgate/json/x.hpp belong to json; src/main.cpp to no module."""
        parts = path.relative_to(self.root).parts
        if parts[0] == "src" and len(parts) > 2:
            return parts[1]
        if parts[:2] == ("include", "fluxgate") and len(parts) > 3:
            return parts[2]
        return None


_LITERAL = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<d>[^()\\\s]*)\(.*?\)(?P=d)"|"(?:\\.|[^"\\\n])*"|(?<![0-9A-Fa-f])\'(?:\\.|[^\'\\\n])+\'', re.S)


def blank_literals(text, keep_strings=False):
    """The same text, of the same length and lines, with comments (and strings, unless kept) turned into blanks."""

    def blank(match):
        piece = match.group(0)
        if not piece.startswith(("//", "/*")):
            if keep_strings:
                return piece
            return piece[0] + re.sub(r"[^\n]", " ", piece[1:-1]) + piece[-1]
        return re.sub(r"[^\n]", " ", piece)

    return _LITERAL.sub(blank, text)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def main(check, description):
    """Runs check(Tree) -> findings and ends the process: 1 if there are any."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--root", default=pathlib.Path(__file__).resolve().parents[2])
    findings = check(Tree(parser.parse_args().root))
    for finding in findings:
        print(finding)
    print(f"{len(findings)} findings")
    sys.exit(1 if findings else 0)
