#!/usr/bin/env python3
"""Turns the LLMRouter outcome set into labelled rows for `fluxgate train`.

  prepare_llmrouter.py FOLDER [OUT]

FOLDER holds train.json.gz and train_tasks.csv (github.com/ulab-uiuc/LLMRouter, MIT; the tasks joined on). OUT is the
NDJSON file to write; without it one is made in a new temporary folder. Prints the file's path and how many rows it has.
A row is {"index", "prompt", "task", "outcomes": {model: 0..1}}; index is the place in train.json.gz. The few rows with two task names get the first.
The prompts are other projects' test questions: do not publish the output.
"""
import csv
import gzip
import json
import pathlib
import sys
import tempfile


def rows(folder):
    with gzip.open(folder / "train.json.gz", "rt", encoding="utf-8") as file:
        questions = json.load(file)
    with open(folder / "train_tasks.csv", newline="", encoding="utf-8") as file:
        tasks = {int(row["row"]): row["task"].split("|")[0] for row in csv.DictReader(file)}
    for index, question in enumerate(questions):
        task = tasks.get(index)
        if not task:
            continue
        yield {"index": index, "prompt": question["question"], "task": task, "outcomes": question["scores"]}


def main(arguments):
    if len(arguments) not in (1, 2):
        sys.exit(__doc__)
    folder = pathlib.Path(arguments[0])
    for name in ("train.json.gz", "train_tasks.csv"):
        if not (folder / name).is_file():
            sys.exit(f"{folder / name}: no such file")
    out = pathlib.Path(arguments[1]) if len(arguments) == 2 else pathlib.Path(tempfile.mkdtemp()) / "llmrouter.ndjson"
    count = 0
    with open(out, "w", encoding="utf-8") as file:
        for row in rows(folder):
            file.write(json.dumps(row) + "\n")
            count += 1
    print(out, count)


if __name__ == "__main__":
    main(sys.argv[1:])
