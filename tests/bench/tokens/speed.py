#!/usr/bin/env python3
"""Megabytes a second of CPU of bench_tokens and of tiktoken on the same texts, one thread each; a Markdown table.

    speed.py PROGRAM NAME=FILE-OR-FOLDER...

Text files are cut into texts of about 4 KB, as long as a prompt; two rows of adversarial texts are added.
"""
import pathlib
import random
import sys
import time

from compare import from_files
from reference import ENCODINGS, reference, run

TEXT = 4_000  # characters
TOTAL = 4_000_000


def cut(parts: list[str]) -> list[str]:
    text = "\n".join(parts)[:TOTAL]
    return [text[i:i + TEXT] for i in range(0, len(text), TEXT)]


def speed_of(tiktoken, texts: list[str]) -> tuple[float, int]:
    size = sum(len(text.encode()) for text in texts)
    best, tokens = 0.0, 0
    for _ in range(3):
        begin = time.process_time()
        tokens = sum(len(tiktoken.encode_ordinary(text)) for text in texts)
        best = max(best, size / 1e6 / (time.process_time() - begin))
    return best, tokens


def main() -> None:
    program, *named = sys.argv[1:]
    groups = {name: cut(from_files([path])) for name, path in (argument.split("=", 1) for argument in named)}
    rng = random.Random(5)
    groups["one letter, 1 MB"] = ["a" * 1_000_000]
    groups["random letters, no space, 1 MB"] = ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=1_000_000))]
    print("| encoding | texts | MB | fluxgate MB/s | tiktoken MB/s | times |\n|---|---|---|---|---|---|")
    for encoding in ENCODINGS:
        tiktoken = reference(encoding)
        for name, texts in groups.items():
            raw = [text.encode() for text in texts]
            ours, tokens = run(program, "speed", encoding, raw)
            theirs, expected = speed_of(tiktoken, texts)
            assert int(tokens) == expected
            size = sum(map(len, raw)) / 1e6
            print(f"| {encoding} | {name} | {size:.1f} | {float(ours):.1f} | {theirs:.1f} | "
                  f"{float(ours) / theirs:.1f} |")
    for how in ("estimate", "estimate_json"):
        for name, texts in groups.items():
            ours, _ = run(program, "speed", how, [text.encode() for text in texts])
            print(f"| {how} | {name} | | {float(ours):.0f} | | |")


if __name__ == "__main__":
    main()
