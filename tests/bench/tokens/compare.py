#!/usr/bin/env python3
"""Compares the counts of bench_tokens with tiktoken's encode_ordinary, text by text.

    compare.py PROGRAM [DATA-FILE-OR-FOLDER...]

Texts: every file given (whole, and each line of it), all code points alone and in company, and strings drawn with a
fixed seed, adversarial ones among them. Ends with 1 if one count differs.
"""
import csv
import gzip
import json
import pathlib
import random
import sys

from reference import ENCODINGS, reference, run

SUFFIXES = tuple(".csv .jsonl .json .json.gz .txt .md .html .po .py .cpp .hpp .yaml .sse".split())
ALPHABETS = [
    "abcXYZ '", "aA'sStTreRE", "a b\n\r\t", " \n", "0123456789a ", "/\n\r!,. ", "aé中あ한Яع", "ǅΣʰªa中\u0301",
    "\u0300\u0301\u0900aAΑ ", "\u0085\u2028\u2029\u00a0\u3000 \n",
    "\U0001f600\U0001f468\u200d\U0001f469\ufe0f ", "'ſ’s",
    "١२๓Ⅷ½²0", "\u0000\u001c\u001f\u007f \n", "<|endoftext|>", "{}[]\":,\\/ \n", "𝒜𐐀𐐨𝟘\U0010ffff\U000e0100",
]


def prompts(path: pathlib.Path):
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8", errors="replace", newline="") as file:
        text = file.read()
    yield text[:400_000]
    if path.suffix == ".csv":
        yield from (cell for row in csv.reader(text.splitlines(keepends=True)) for cell in row)
    elif path.name.endswith((".json", ".json.gz")):
        yield from strings(json.loads(text))
    else:
        yield from text.splitlines(keepends=True)


def strings(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)


def from_files(arguments: list[str]) -> list[str]:
    csv.field_size_limit(1 << 30)
    files = [f for a in map(pathlib.Path, arguments) for f in ([a] if a.is_file() else sorted(a.rglob("*")))]
    return [text for f in files if f.is_file() and f.name.endswith(SUFFIXES) for text in prompts(f)]


def code_points() -> list[str]:
    every = [chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000]
    assigned = every[:0x33480] + every[0xE0000 - 0x800:0xE0200 - 0x800]  # the rest is one class, and slow
    company = (("a", "B"), (" ", "a"), ("!", "1"), ("\n", "\n"))
    around = [f"{left}{c}{right}" for c in assigned for left, right in company]
    rows = ["".join(every[i:i + 64]) for i in range(0, len(every), 64)]
    shuffled = every[:]
    random.Random(3).shuffle(shuffled)
    return every + around + rows + ["".join(shuffled[i:i + 200]) for i in range(0, len(shuffled), 200)]


def drawn(count: int) -> list[str]:
    rng = random.Random(7)
    everything = "".join(ALPHABETS)
    texts = []
    for _ in range(count):
        alphabet = rng.choice(ALPHABETS + [everything])
        texts.append("".join(rng.choices(alphabet, k=int(2 ** rng.uniform(0, 8)))))
    for _ in range(count // 10):  # random bytes that are UTF-8, and random code points
        size = rng.randrange(1, 300)
        texts.append(rng.randbytes(size).decode(errors="ignore"))
        numbers = (rng.choice((rng.randrange(0xD800), rng.randrange(0xE000, 0x110000))) for _ in range(size))
        texts.append("".join(map(chr, numbers)))
    return texts


def adversarial() -> list[str]:
    rng = random.Random(11)
    units = ["a", "A", " ", "\n", "\r\n", "-", "=", "/", "0", "ab", "aA", "é", "中", "ा", "\u0301", "😀", "\u0085", "abc", "ha",
             "\ufffd"]
    sizes = (50, 97, 128, 129, 500, 2047, 2049, 10_000, 50_001)
    texts = [unit * (size // len(unit)) + end for unit in units for size in sizes for end in ("", "b", "  ")]
    for letters in ("ab", "aab", "etaoinshrdlu", "abcdefghijklmnopqrstuvwxyz", "ACGT", "中文字符", "-=*_"):
        texts += ["".join(rng.choices(letters, k=size)) for size in (90, 100, 1000, 5000, 30_000) for _ in range(5)]
    texts += ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=1_000_000)), "x" * 1_000_000]
    return texts


def main() -> None:
    program, *arguments = sys.argv[1:]
    groups = {"files": from_files(arguments), "code points": code_points(), "drawn": drawn(200_000),
              "adversarial": adversarial()}
    failed = 0
    for encoding in ENCODINGS:
        tiktoken = reference(encoding)
        for group, texts in groups.items():
            texts = [text for text in texts if text]
            found = run(program, "counts", encoding, [text.encode() for text in texts])
            assert len(found) == len(texts)
            differ = skipped = 0
            for text, ours in zip(texts, found):
                try:
                    theirs = len(tiktoken.encode_ordinary(text))
                except BaseException as problem:  # a panic of its Rust half is no Exception
                    skipped += 1
                    print(f"  tiktoken fails on {len(text)} characters {text[:20]!r}...: {str(problem)[:80]}")
                    continue
                if theirs != int(ours):
                    differ += 1
                    if differ < 10:
                        print(f"  {encoding} {text[:200]!r}: ours {ours}, tiktoken's {theirs}")
            print(f"{encoding} {group}: {len(texts) - skipped} texts, {sum(map(len, texts))} characters, "
                  f"{differ} differ")
            failed += differ
    sys.exit(failed != 0)


if __name__ == "__main__":
    main()
