"""Small rules that hold for every file.

Findings: a header without #pragma once; `using namespace` in a header; printing to the standard streams outside app, sim
and the tests; a Secret revealed outside the rooms that build credentials; a marker of unfinished work.
Printed without failing: files over 500 lines.
"""
import re

import tree

LONG = 500
MAY_PRINT = {"app", "sim"}
MAY_REVEAL = {"config", "providers", "upstream"}
PRINTS = re.compile(r"\bstd::(cout|cerr|clog)\b|(?<![\w.>])(std::)?(printf|fprintf|puts|fputs|putchar)\s*\(")
REVEALS = re.compile(r"(\.|->)reveal\s*\(")
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b")


def matches(pattern, text, name, message):
    return [f"{name}:{tree.line_of(text, m.start())}: {message}" for m in pattern.finditer(text)]


def check(tree_):
    findings = []
    for path in tree_.files("src", "include", "tests"):
        raw, name = path.read_text(), tree_.name(path)
        text, module = tree.blank_literals(raw), tree_.module_of(path)
        production = not name.startswith("tests/")
        if path.suffix in tree.HEADERS:
            if not re.search(r"^#pragma once$", raw, re.M):
                findings.append(f"{name}: no #pragma once")
            findings += matches(re.compile(r"\busing\s+namespace\b"), text, name, "using namespace in a header")
        if production and module is not None and module not in MAY_PRINT:
            findings += matches(PRINTS, text, name, "prints; use the log")
        if production and module not in MAY_REVEAL:
            findings += matches(REVEALS, text, name, "reveals a secret here")
        findings += matches(UNFINISHED, raw, name, "unfinished work")
        lines = raw.count("\n")
        if lines > LONG:
            print(f"long: {name} has {lines} lines")
    return findings


if __name__ == "__main__":
    tree.main(check, __doc__)
