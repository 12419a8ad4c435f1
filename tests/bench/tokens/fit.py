#!/usr/bin/env python3
"""Fits the weights of src/tokens/estimate.cpp to the counts of o200k_base, and judges the estimate.

    fit.py PROGRAM fit  WEIGHT=FILE-OR-FOLDER...    prints the weights; WEIGHT: how much the group counts as a whole
    fit.py PROGRAM test NAME=FILE-OR-FOLDER...      prints the relative error of the estimate for each group,
                                                    and checks that estimate_json says the same of the escaped text

Texts are those of compare.py of at least 100 characters; long ones are cut into texts of drawn length. Not negative
least squares of the relative error, reweighted a few times towards the least absolute error, so that odd texts (base64,
runs of one letter) do not pull the rest. Needs numpy and scipy.
"""
import json
import random
import sys

import numpy
from scipy.optimize import nnls

from compare import from_files
from reference import run

SMALLEST = 100  # characters
ROUNDS = 20


def samples(path: str) -> list[bytes]:
    rng = random.Random(1)
    texts = []
    for text in from_files([path]):
        at = 0
        while len(text) - at >= SMALLEST:
            size = int(SMALLEST * 2 ** rng.uniform(0, 6))
            texts.append(text[at:at + size].encode())
            at += size
    if len(texts) > 20_000:
        texts = rng.sample(texts, 20_000)
    return texts


def numbers(program: str, how: str, texts: list[bytes]) -> numpy.ndarray:
    return numpy.array([float(word) for word in run(program, "counts", how, texts)])


def fit(program: str, groups: list[tuple[str, str]]) -> None:
    rows, weights = [], []
    for weight, path in groups:
        texts = samples(path)
        features = numpy.array([float(word) for word in run(program, "features", "any", texts)]).reshape(len(texts), -1)
        rows.append(features / numbers(program, "o200k_base", texts)[:, None])
        weights.append(numpy.full(len(texts), float(weight) / len(texts)))
    a, base = numpy.vstack(rows), numpy.concatenate(weights)
    weight = base
    for _ in range(ROUNDS):
        root = numpy.sqrt(weight)
        solution, _ = nnls(a * root[:, None], root, maxiter=10_000)
        weight = base / numpy.maximum(numpy.abs(a @ solution - 1), 0.03)
    print(", ".join(f"{value:.3f}" for value in solution))


def test(program: str, groups: list[tuple[str, str]]) -> None:
    print("| texts | number | median error | p95 error | all together |\n|---|---|---|---|---|")
    for name, path in groups:
        texts = samples(path)
        real = numbers(program, "o200k_base", texts)
        found = numbers(program, "estimate", texts)
        for ascii_only in (True, False):
            escaped = [json.dumps(text.decode(), ensure_ascii=ascii_only)[1:-1].encode() for text in texts]
            assert (numbers(program, "estimate_json", escaped) == found).all()
        error = numpy.abs(found / real - 1)
        print(f"| {name} | {len(texts)} | {numpy.median(error):.1%} | {numpy.quantile(error, .95):.1%} | "
              f"{found.sum() / real.sum() - 1:+.1%} |")


def main() -> None:
    program, what, *arguments = sys.argv[1:]
    {"fit": fit, "test": test}[what](program, [tuple(argument.split("=", 1)) for argument in arguments])


if __name__ == "__main__":
    main()
