"""Solved examples before every prompt, as lm-evaluation-harness writes them."""

from pathlib import Path
from random import Random
from typing import Any

import pytest
from tables import examples, resolved, rows, write_rows

from keepfaith.config.errors import ConfigError
from keepfaith.config.schema import Examples, Task
from keepfaith.config.settings import ResolvedTask
from keepfaith.tasks.prepare import prepare_task

TRAIN = [{"id": f"t{n}", "text": f"Lesson {n}.", "label": n % 2} for n in range(6)]
ANSWERS = ("bad", "good")


def task(
    tmp_path: Path, few_shot: object, train: list[dict[str, Any]] = TRAIN, **changes: Any
) -> ResolvedTask:
    splits = {
        "evaluation": write_rows(tmp_path / "test.jsonl", rows(3)),
        "training": write_rows(tmp_path / "train.jsonl", train),
    }
    made = resolved(splits | changes.pop("splits", {}), id="id")
    definition = made.task.model_dump() | {"few_shot": few_shot} | changes
    return ResolvedTask(name="tiny", task=Task(**definition), source=made.source)


def solved(row: dict[str, Any]) -> str:
    return f"{row['text']}\nQuestion: good or bad?\nAnswer: {ANSWERS[row['label']]}\n\n"


def test_the_first_rows_of_the_training_split(tmp_path: Path) -> None:
    frame = prepare_task(task(tmp_path, 2), examples()).examples
    expected = solved(TRAIN[0]) + solved(TRAIN[1])
    for number, row in enumerate(frame.iter_rows(named=True)):
        assert row["prompt"] == f"{expected}Text number {number}.\nQuestion: good or bad?\nAnswer:"
        (span,) = row["fields"]
        assert row["prompt"][span["start"] : span["end"]] == f"Text number {number}."
        assert row["options"] == [" bad", " good"]


def test_drawn_with_a_seed(tmp_path: Path) -> None:
    few_shot = {"examples": 3, "choose": "random", "seed": 5, "separator": "\n###\n"}
    frame = prepare_task(task(tmp_path, few_shot), examples()).examples
    drawn = Random(5).sample(TRAIN, 3)
    expected = "".join(solved(row).removesuffix("\n\n") + "\n###\n" for row in drawn)
    assert all(prompt.startswith(expected + "Text") for prompt in frame["prompt"])


def test_the_delimiter_of_the_task(tmp_path: Path) -> None:
    frame = prepare_task(task(tmp_path, 1, delimiter="\n"), examples()).examples
    assert frame["prompt"][0].startswith("Lesson 0.\nQuestion: good or bad?\nAnswer:\nbad\n\nText")


def test_no_solved_example_is_evaluated_or_tuned_on(tmp_path: Path) -> None:
    evaluated = {"id": "x", "text": " text NUMBER 1.", "label": 1}
    train = [evaluated, *TRAIN]
    shared = write_rows(tmp_path / "train.jsonl", train)
    of_task = task(tmp_path, 2, train, splits={"tuning": shared})
    made = prepare_task(of_task, Examples(explanation=1, tuning=4))
    assert made.examples["prompt"][0].startswith(solved(TRAIN[0]) + solved(TRAIN[1]) + "Text")
    tuned = made.examples.filter(made.examples["tuning"])["example_id"].to_list()
    assert tuned == [f"tuning-t{n}" for n in (2, 3, 4, 5)]
    assert made.skipped == {"tuning": {"evaluated": 1, "few_shot": 2}}


def test_too_few_rows(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError,
        match=r"task tiny: few_shot: .*has 6 rows that are not evaluated, 7 .*at most 6",
    ):
        prepare_task(task(tmp_path, 7), examples())


@pytest.mark.parametrize("refused", [0, -1, True, "five", {"examples": 2, "choose": "last"}])
def test_a_number_or_a_block(refused: object, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="few_shot"):
        task(tmp_path, refused)
