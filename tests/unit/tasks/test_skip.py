"""Rows that cannot be examples are left out where the source says so, counted, and leave the others as they were."""

import json
import logging
from pathlib import Path

import polars as pl
import pytest
from tables import examples, resolved, rows, write_rows

from keepfaith.config.schema import Examples
from keepfaith.config.settings import ResolvedTask
from keepfaith.tasks.prepare import prepare_task, training_examples
from keepfaith.tasks.sources import SourceError

SNLI = [
    {"premise": f"A man walks dog {n}.", "hypothesis": f"He is out {n}.", "label": label}
    for n, label in enumerate([0, 2, -1, 1, 1, 0])
]
CHOICES = [f"answer {n}" for n in range(4)]
MMLU = [{"question": f"What follows {n}?", "choices": CHOICES, "answer": n % 4} for n in range(9)]
MMLU[0] = MMLU[0] | {"choices": ["Increase Increase", "a", "Increase Increase", "b"]}


def snli(splits: dict[str, str], **source: object) -> ResolvedTask:
    return resolved(
        splits,
        prompt="{premise}\n{hypothesis}\nAnswer:",
        fields=("premise", "hypothesis"),
        options=("yes", "maybe", "no"),
        **source,
    )


def mmlu(splits: dict[str, str], **source: object) -> ResolvedTask:
    return resolved(
        splits,
        prompt="{question}\nAnswer:",
        fields=("question",),
        options=None,
        options_of_rows="choices",
        label="answer",
        **source,
    )


def test_an_unlabelled_row(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = write_rows(tmp_path / "snli.jsonl", SNLI)
    caplog.set_level(logging.INFO)
    made = prepare_task(snli({"evaluation": path}, skip=["unlabelled"]), examples())
    assert made.examples["row"].to_list() == [0, 1, 3, 4, 5]
    assert made.examples["example_id"].to_list() == [f"evaluation-{n}" for n in (0, 1, 3, 4, 5)]
    assert made.examples["label"].to_list() == [0, 2, 1, 1, 0]
    assert made.skipped == {"evaluation": {"unlabelled": 1}}
    assert "1 of 6 rows left out by skip (1 unlabelled)" in caplog.text
    with pytest.raises(SourceError, match=r"line 3: .*type skip: \[unlabelled\] in sources.local"):
        prepare_task(snli({"evaluation": path}), examples())


def test_a_row_with_equal_options(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "mmlu.jsonl", MMLU)
    made = prepare_task(mmlu({"evaluation": path}, skip=["equal_options"]), examples())
    assert made.examples["row"].to_list() == list(range(1, 9))
    assert made.skipped == {"evaluation": {"equal_options": 1}}
    with pytest.raises(SourceError, match=r"'Increase Increase' twice.*skip: \[equal_options\]"):
        prepare_task(mmlu({"evaluation": path}), examples())


def test_the_rows_that_are_left_give_the_same_examples_as_a_file_without_the_others(
    tmp_path: Path,
) -> None:
    whole = write_rows(tmp_path / "whole.jsonl", SNLI)
    bare = write_rows(tmp_path / "bare.jsonl", [row for row in SNLI if row["label"] != -1])
    found = prepare_task(snli({"evaluation": whole}, skip=["unlabelled"]), examples()).examples
    expected = prepare_task(snli({"evaluation": bare}), examples()).examples
    same = ["prompt", "options", "label", "fields"]
    assert found.select(same).equals(expected.select(same))


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet"])
def test_empty_and_unlabelled_in_every_format(suffix: str, tmp_path: Path) -> None:
    table = [
        {"text": "NA", "label": "0"},
        {"text": None, "label": "1"},
        {"text": "  ", "label": "1"},
        {"text": "null", "label": None},
        {"text": "007", "label": "-"},
        {"text": "1999-01-02", "label": "1"},
    ]
    path = tmp_path / f"t.{suffix}"
    if suffix == "jsonl":
        table[1].pop("text")
        write_rows(path, table)  # type: ignore[arg-type]
    elif suffix == "csv":
        pl.DataFrame(table).write_csv(path)
    else:
        pl.DataFrame(table).write_parquet(path)
    task = resolved({"evaluation": str(path)}, prompt="{text}:", skip=["empty", "unlabelled"])
    made = prepare_task(task, examples())
    assert made.examples["row"].to_list() == [0, 5]
    assert made.examples["prompt"].to_list() == ["NA:", "1999-01-02:"]
    assert made.skipped == {"evaluation": {"empty": 2, "unlabelled": 2}}


def test_options_that_are_missing(tmp_path: Path) -> None:
    choices = [["a", "b"], ["a"], [], None, ["a", None], ["a", " "], ["a", "a "], ["b", "a"]]
    table = [row | {"answer": 0, "choices": c} for row, c in zip(MMLU, choices, strict=False)]
    path = write_rows(tmp_path / "t.jsonl", table)
    skip = ["equal_options", "single_option", "empty"]
    made = prepare_task(mmlu({"evaluation": path}, skip=skip), examples())
    assert made.examples["row"].to_list() == [0, 7]
    assert made.skipped == {"evaluation": {"single_option": 1, "empty": 4, "equal_options": 1}}


def test_all_splits_alike(tmp_path: Path) -> None:
    parts = ("evaluation", "tuning", "training")
    paths = {}
    for part in parts:
        table = [row | {"question": f"{part}: {row['question']}"} for row in MMLU]
        paths[part] = write_rows(tmp_path / f"{part}.jsonl", table)
    task = mmlu(paths, skip=["equal_options"])
    made = prepare_task(task, Examples(evaluation="all", explanation=2, tuning=8))
    assert made.skipped == {part: {"equal_options": 1} for part in ("evaluation", "tuning")}
    assert made.examples["tuning"].sum() == 8
    training = training_examples(task, examples())
    assert training["row"].to_list() == list(range(1, 9))
    # Without the key, training keeps such a row, which is one more text to learn from.
    assert training_examples(mmlu(paths), examples()).height == 9


def test_parts_of_one_split_stay_disjoint(tmp_path: Path) -> None:
    table = [row | {"label": -1 if n % 3 == 0 else n % 2} for n, row in enumerate(rows(30))]
    path = write_rows(tmp_path / "t.jsonl", table)
    task = resolved({"evaluation": path}, id="id", skip=["unlabelled"])
    made = prepare_task(task, Examples(evaluation="all", explanation=5, tuning=7)).examples
    assert made.height == 20
    assert made["row"].n_unique() == 20
    assert not {row % 3 for row in made["row"]} & {0}


def test_an_id_that_stands_in_a_row_left_out(tmp_path: Path) -> None:
    table = [{"id": "a", "text": "x", "label": -1}, *rows(3)]
    table[1]["id"] = "a"
    path = write_rows(tmp_path / "t.jsonl", table)
    made = prepare_task(resolved({"evaluation": path}, id="id", skip=["unlabelled"]), examples())
    assert made.examples["example_id"].to_list() == [
        "evaluation-a",
        "evaluation-r1",
        "evaluation-r2",
    ]


def test_a_split_without_any_label(tmp_path: Path) -> None:
    """As the test splits of GLUE."""
    path = write_rows(tmp_path / "t.jsonl", rows(4, label=-1))
    task = resolved({"evaluation": path}, id="id", skip=["unlabelled"])
    with pytest.raises(SourceError, match=r"skip leaves no row \(line 1: .*label -1 lies outside"):
        prepare_task(task, examples())


def test_nan_of_json_and_gaps_that_made_fractions(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    labels = ["1.0", "NaN", "0.0"]
    path.write_text("".join(f'{{"text": {json.dumps("x")}, "label": {n}}}\n' for n in labels))
    made = prepare_task(resolved({"evaluation": str(path)}, skip=["unlabelled"]), examples())
    assert made.examples["label"].to_list() == [1, 0]
    assert made.examples["row"].to_list() == [0, 2]


SST5 = [
    {"text": f"Review {n}.", "label": label, "split": split}
    for n, (label, split) in enumerate(
        [("very negative", "a"), ("negative", "a"), ("neutral", "a"), ("positive", "b"),
         ("very positive", "a"), (None, "a")]
    )
]  # fmt: skip
SIGNS = {"very negative": 0, "negative": 0, "positive": 1, "very positive": 1}


def test_several_labels_of_one_choice(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "t.jsonl", SST5)
    task = resolved(
        {"evaluation": path}, label_map=SIGNS, only={"label": list(SIGNS)}, skip=["unlabelled"]
    )
    made = prepare_task(task, examples())
    assert made.examples["row"].to_list() == [0, 1, 3, 4]
    assert made.examples["label"].to_list() == [0, 0, 1, 1]
    assert made.skipped == {"evaluation": {"not_selected": 2}}
    with pytest.raises(
        SourceError, match=r"line 3: column 'label': label 'neutral' is not in label_map.*only:"
    ):
        prepare_task(resolved({"evaluation": path}, label_map=SIGNS), examples())


@pytest.mark.parametrize("written", [[0, 4, 2], ["0", "4.0", "2"], [0.0, 4.0, 2.0]])
def test_numbers_are_mapped_and_selected_as_labels_are_read(
    written: list[object], tmp_path: Path
) -> None:
    table = [{"text": f"Review {n}.", "label": label} for n, label in enumerate(written)]
    path = write_rows(tmp_path / "t.jsonl", table)
    task = resolved({"evaluation": path}, label_map={0: 0, 4: 1}, only={"label": [0, 4]})
    made = prepare_task(task, examples())
    assert made.examples["label"].to_list() == [0, 1]
    assert made.skipped == {"evaluation": {"not_selected": 1}}


def test_rows_of_one_value_of_another_column(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = write_rows(tmp_path / "t.jsonl", SST5)
    caplog.set_level(logging.INFO)
    settings = {"label_map": SIGNS | {"neutral": 1}, "skip": ["unlabelled"]}
    made = prepare_task(
        resolved({"evaluation": path}, only={"split": ["a"]}, **settings), examples()
    )
    assert made.examples["row"].to_list() == [0, 1, 2, 4]
    assert "2 of 6 rows left out by only and skip (1 not_selected, 1 unlabelled)" in caplog.text
    with pytest.raises(SourceError, match=r"line 1: only: no column 'splt'; did you mean 'split'"):
        prepare_task(resolved({"evaluation": path}, only={"splt": ["a"]}, **settings), examples())
    with pytest.raises(
        SourceError, match=r"only leaves no row \(line 1: column 'split' has 'a', which is not one"
    ):
        prepare_task(resolved({"evaluation": path}, only={"split": ["c"]}, **settings), examples())


def test_a_choice_of_label_map_that_does_not_exist(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "t.jsonl", rows(2))
    with pytest.raises(SourceError, match=r"label_map: choice 2 of 1 lies outside the 2 choices"):
        prepare_task(resolved({"evaluation": path}, label_map={0: 0, 1: 2}), examples())
