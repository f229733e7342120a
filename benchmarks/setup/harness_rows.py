"""Rows of local data in the form of the data sets that tasks of lm-evaluation-harness read."""

import json
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

Row = dict[str, Any]
LETTERS = "ABCDE"


def _arc(row: Row) -> Row:
    choices = {"text": row["choices"], "label": list(LETTERS[: len(row["choices"])])}
    return {"question": row["question"], "choices": choices, "answerKey": LETTERS[row["answer"]]}


def _boolq(row: Row) -> Row:
    return {"passage": row["passage"], "question": row["question"], "label": int(row["label"])}


LOCAL: dict[str, Callable[[Row], Row]] = {"arc_easy": _arc, "boolq": _boolq}
"""By task: a row of `folders.data` in the form of its data set on the hub."""


def local_rows(file: Path, count: int) -> list[Row]:
    """The first rows of a file of JSON lines."""
    with file.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in islice(lines, count)]


def made_rows(count: int) -> dict[str, list[Row]]:
    """Rows of local data, and of Winogrande and two subjects of MMLU as on the hub, for a machine without data."""
    arc = [
        {"id": n, "question": f"Which of these has {n} legs?", "choices": ["an ant", "a cat", "a bird"],
         "answer": n % 3}
        for n in range(count)
    ]  # fmt: skip
    boolq = [
        {"id": n, "passage": f"Film {n} was {'good' if n % 2 else 'bad'}.", "question": f"was film {n} good",
         "label": n % 2}
        for n in range(count)
    ]  # fmt: skip
    winogrande = [
        {"sentence": f"Ann paid Eve {n} coins because _ was {'rich' if n % 2 else 'kind'}.", "option1": "Ann",
         "option2": "Eve", "answer": str(1 + n % 2)}
        for n in range(count)
    ]  # fmt: skip
    subjects = {
        f"mmlu_{subject}": [
            {"question": f"What is {n} in {subject}?", "subject": subject, "choices": ["one", "two", "three", "four"],
             "answer": n % 4}
            for n in range(count)
        ]
        for subject in ("abstract_algebra", "anatomy")
    }  # fmt: skip
    return {"arc_easy": arc, "boolq": boolq, "winogrande": winogrande, **subjects}


def overrides(folder: Path, rows: Sequence[Row], solved: Sequence[Row]) -> dict[str, Any]:
    """Keys of a task's YAML that give it `rows` to evaluate, and `solved` to show before them."""
    folder.mkdir(parents=True)
    files = {}
    for split, of_split in {"test": rows, "validation": rows, "train": solved, "dev": solved}.items():  # fmt: skip
        files[split] = str(write_lines(folder / f"{split}.jsonl", of_split))
    kwargs = {"data_files": files, "cache_dir": str(folder / "cache")}
    return {"dataset_path": "json", "dataset_name": None, "dataset_kwargs": kwargs}


def write_lines(path: Path, rows: Sequence[Row]) -> Path:
    """Rows as a file of JSON lines."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path
