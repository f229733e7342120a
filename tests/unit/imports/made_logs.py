"""Logs as lm-evaluation-harness writes them, made line by line; `test_imported_logs.py` holds them against its own."""

import json
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import polars as pl

from keepfaith.imports.log import Log

DATE = "2024-11-25T09-14-00.923105"
Row = dict[str, Any]


def hashed(text: str) -> str:
    return sha256(text.encode("utf-8")).hexdigest()


def entry(
    doc_id: int,
    options: Sequence[str],
    target: object,
    answer: int,
    *,
    right: bool | None = None,
    doc: object = None,
    prompt: str | None = None,
    delimiter: str = " ",
) -> Row:
    """One line as version 0.4.13 writes it, of a model that prefers option `answer`.

    Without `acc` where `right` is None.
    """
    prompt = f"Question {doc_id}:" if prompt is None else prompt
    pairs = [
        [str(-0.5 - (0.0 if option == answer else 1.0 + option)), "False"]
        for option in range(len(options))
    ]
    return {
        "doc_id": doc_id,
        "doc": {"question": f"{doc_id}?"} if doc is None else doc,
        "target": str(target),
        "arguments": {
            f"gen_args_{k}": {"arg_0": prompt, "arg_1": f"{delimiter}{option}"}
            for k, option in enumerate(options)
        },
        "resps": [[pair] for pair in pairs],
        "filtered_resps": pairs,
        "filter": "none",
        "metrics": ["acc"],
        "doc_hash": hashed(json.dumps([doc_id, doc], indent=2)),
        "prompt_hash": hashed(prompt),
        "target_hash": hashed(str(target)),
    } | ({} if right is None else {"acc": float(right)})


def as_before_0_4_3(row: Row) -> Row:
    """The same entry as versions 0.4.0 to 0.4.2 wrote it: numbers as numbers, arguments in lists, no hashes."""
    kept = {key: row[key] for key in ("doc_id", "doc", "target", "acc") if key in row}
    pairs = [[float(value), False] for value, _ in row["filtered_resps"]]
    return kept | {
        "target": int(row["target"]) if row["target"].isdigit() else row["target"],
        "arguments": [list(pair.values()) for pair in row["arguments"].values()],
        "resps": [[pair] for pair in pairs],
        "filtered_resps": pairs,
    }


def write_lines(folder: Path, rows: Sequence[Row], task: str = "made") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"samples_{task}_{DATE}.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def write_list(path: Path, rows: Sequence[Row]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps([as_before_0_4_3(row) for row in rows], indent=2, ensure_ascii=False)
    path.write_text(text, encoding="utf-8")
    return path


def write_results(folder: Path, content: Row) -> Path:
    path = folder / f"results_{DATE}.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def accuracy(log: Log) -> float:
    """The share of examples whose highest log-likelihood is the label's, from the tables that are written."""
    from keepfaith.imports.tables import examples_table, predictions_table

    best = (
        predictions_table({0: log})
        .sort("log_likelihood", descending=True)
        .group_by("example_id")
        .first()
    )
    joined = examples_table(log).join(best, on="example_id")
    return float(joined.select((pl.col("option") == pl.col("label")).mean()).item())
