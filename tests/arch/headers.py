"""Compiles each public header alone: it must include what it needs.

headers.py --root ROOT --out FOLDER [--jobs N] [--launcher ccache] -- COMPILER FLAG...
Each header becomes a one-line source in FOLDER, so that a compiler cache can answer for the unchanged ones.
"""
import argparse
import concurrent.futures
import pathlib
import subprocess
import sys

import tree


def compile_header(tree_, header, out, command):
    included = header.relative_to(tree_.root / "include").as_posix()
    source = out / (included.replace("/", "_") + ".cpp")
    text = f'#include "{included}"\n'
    if not source.is_file() or source.read_text() != text:
        source.write_text(text)
    arguments = [*command, "-I", str(tree_.root / "include"), "-O0", "-c", str(source), "-o", str(source.with_suffix(".o"))]
    done = subprocess.run(arguments, capture_output=True, text=True)
    return None if done.returncode == 0 else f"{included} does not compile alone:\n{done.stderr[:2000]}"


def check(tree_, out, command, jobs):
    out = pathlib.Path(out)
    out.mkdir(parents=True, exist_ok=True)
    headers = list(tree_.files("include", suffixes=tree.HEADERS))
    if not headers:
        return ["no public header found"]
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        results = pool.map(lambda header: compile_header(tree_, header, out, command), headers)
    return [result for result in results if result]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", default=pathlib.Path(__file__).resolve().parents[2])
    parser.add_argument("--out", required=True)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--launcher", default="")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    command = ([options.launcher] if options.launcher else []) + options.command
    findings = check(tree.Tree(options.root), options.out, command, options.jobs)
    for finding in findings:
        print(finding)
    print(f"{len(findings)} findings")
    sys.exit(1 if findings else 0)


if __name__ == "__main__":
    main()
