#!/usr/bin/env python3
"""Checks that every metric and label that the dashboards and alert rules name is really exported.

usage: check_dashboards.py METRICS.txt [FILE ...]

METRICS.txt is the text of /metrics ("-" for standard input). FILE is a Grafana dashboard (.json) or a Prometheus rule
file (.yml); by default all of config/grafana/*.json and config/prometheus/rules.yml. Labels are checked where the
family has at least one sample. Exits 1 and prints one line for each thing that is missing.
"""

import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCRAPE_SERIES = {"up", "scrape_duration_seconds"}  # made by Prometheus itself
SCRAPE_LABELS = {"instance", "job", "le"}  # added by Prometheus, or by every histogram
KEYWORDS = {
    "by",
    "without",
    "on",
    "ignoring",
    "group_left",
    "group_right",
    "and",
    "or",
    "unless",
    "bool",
    "offset",
    "inf",
    "nan",
    "start",
    "end",
    "atan2",
}
LABEL_LISTS = {"by", "without", "on", "ignoring", "group_left", "group_right"}
TOKEN = re.compile(
    r"""
    (?P<comment>\#[^\n]*) | (?P<range>\[[^\]]*\]) | (?P<matchers>\{[^}]*\}) | (?P<string>"(\\.|[^"\\])*"|'(\\.|[^'\\])*')
  | (?P<variable>\$\{?\w+\}?) | (?P<number>\d[\w.]*) | (?P<name>[a-zA-Z_:][\w:]*) | (?P<other>\S)""",
    re.X,
)


def exported(text: str) -> dict[str, set[str]]:
    """Series name -> label names seen; for histograms the three series of each."""
    families: dict[str, set[str]] = {}
    for line in text.splitlines():
        declared = re.match(r"# TYPE (\S+) (\S+)", line)
        if declared:
            name, kind = declared.groups()
            suffixes = ("_bucket", "_sum", "_count") if kind == "histogram" else ("",)
            families.update({name + suffix: set() for suffix in suffixes})
            continue
        sample = re.match(r"([a-zA-Z_:][\w:]*)(?:\{(.*)\})? \S+$", line)
        if sample and sample[1] in families:
            families[sample[1]].update(re.findall(r'(\w+)="(?:\\.|[^"\\])*"', sample[2] or ""))
    return families


def names_in(expression: str) -> tuple[set[str], set[tuple[str, str]], set[str]]:
    """The series of a PromQL expression, the (series, label) pairs of its matchers, and the labels it groups by."""
    tokens = [(m.lastgroup, m.group()) for m in TOKEN.finditer(expression) if m.lastgroup not in ("comment", "string")]
    series: set[str] = set()
    matched: set[tuple[str, str]] = set()
    grouped: set[str] = set()
    at = 0
    while at < len(tokens):
        kind, text = tokens[at]
        following = tokens[at + 1] if at + 1 < len(tokens) else ("", "")
        if kind == "name" and text.lower() in LABEL_LISTS and following[1] == "(":
            at += 2
            while at < len(tokens) and tokens[at][1] != ")":
                if tokens[at][0] == "name":
                    grouped.add(tokens[at][1])
                at += 1
        elif kind == "name" and text.lower() not in KEYWORDS and following[1] != "(" and not is_aggregation(tokens, at):
            series.add(text)
            if following[0] == "matchers":
                matched.update((text, label) for label in re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", following[1]))
        at += 1
    return series, matched, grouped


def is_aggregation(tokens: list[tuple[str, str]], at: int) -> bool:
    """`sum by (x) (...)`: an operator whose parenthesis comes after its label list."""
    return at + 1 < len(tokens) and tokens[at + 1][1].lower() in ("by", "without")


def dashboard_expressions(path: pathlib.Path) -> list[str]:
    found: list[str] = []

    def walk(node) -> None:
        if isinstance(node, dict):
            if isinstance(node.get("expr"), str):
                found.append(node["expr"])
            if node.get("type") == "query" and "query" in node:  # a template variable
                query = node["query"]["query"] if isinstance(node["query"], dict) else node["query"]
                values = re.fullmatch(r"label_values\((?:(.+),\s*)?(\w+)\)", query)
                if values and values[1]:
                    found.append(f"{values[1].strip()} and on ({values[2]}) {values[1].strip()}")
            for child in node.values():
                walk(child)
        elif isinstance(node, list):
            for child in node:
                walk(child)

    walk(json.loads(path.read_text(encoding="utf-8")))
    return found


def rule_expressions(path: pathlib.Path) -> tuple[list[str], set[str]]:
    """The expressions of a rule file and the series its recording rules make. Reads `expr:` in both of YAML's forms."""
    lines = path.read_text(encoding="utf-8").splitlines()
    expressions: list[str] = []
    recorded: set[str] = set()
    for number, line in enumerate(lines):
        record = re.match(r"\s*(?:- )?record:\s*(\S+)", line)
        if record:
            recorded.add(record[1])
        match = re.match(r"(\s*)(?:- )?expr:\s*(.*)$", line)
        if not match:
            continue
        if match[2] not in ("|", ">", "|-", ">-"):
            expressions.append(match[2])
            continue
        block = []
        for below in lines[number + 1 :]:
            if below.strip() and len(below) - len(below.lstrip()) <= len(match[1]):
                break
            block.append(below)
        expressions.append("\n".join(block))
    return expressions, recorded


def check(metrics: str, files: list[pathlib.Path]) -> list[str]:
    known = exported(metrics)
    recorded: set[str] = set()
    expressions: list[tuple[str, str]] = []
    for path in files:
        if path.suffix == ".json":
            found = dashboard_expressions(path)
        else:
            found, made = rule_expressions(path)
            recorded |= made
        if not found:
            return [f"{path.name}: no expression found"]
        expressions += [(path.name, expression) for expression in found]

    problems: set[str] = set()
    for where, expression in expressions:
        series, matched, grouped = names_in(expression)
        for name in series - known.keys() - recorded - SCRAPE_SERIES:
            problems.add(f"{where}: no such metric: {name}")
        for name, label in matched:
            if known.get(name) and label not in known[name] | SCRAPE_LABELS:
                problems.add(f"{where}: {name} has no label {label}")
        labels = set().union(*(known.get(name, set()) for name in series))
        if labels and all(known.get(name) for name in series & known.keys()):
            for label in grouped - labels - SCRAPE_LABELS:
                problems.add(f"{where}: no metric here has the label {label}: {' '.join(expression.split())}")
    return sorted(problems)


def main(arguments: list[str]) -> int:
    if not arguments or arguments[0] in ("-h", "--help"):
        print(__doc__)
        return 0 if arguments else 2
    metrics = sys.stdin.read() if arguments[0] == "-" else pathlib.Path(arguments[0]).read_text(encoding="utf-8")
    files = [pathlib.Path(name) for name in arguments[1:]]
    if not files:
        files = sorted((ROOT / "config/grafana").glob("*.json")) + [ROOT / "config/prometheus/rules.yml"]
    problems = check(metrics, files)
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
