"""Choices in columns of their own, elements of lists, tab-separated files, choices whose white space counts."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tables import examples, resolved, write_rows

from keepfaith.config.errors import ConfigError
from keepfaith.config.schema import LocalTaskSource, Task
from keepfaith.config.settings import ResolvedTask
from keepfaith.tasks.prepare import prepare_task
from keepfaith.tasks.sources import SourceError

COPA = [
    {"premise": "The man broke his toe.", "choice1": "He got a hole in his sock.", "choice2": "He dropped a hammer.",
     "label": 1},
    {"premise": "I packed up my belongings.", "choice1": "I was moving out.", "choice2": "I was looking for a flat.",
     "label": 0},
]  # fmt: skip


def of_rows(path: str, **source: Any) -> ResolvedTask:
    settings = {"prompt": "{premise}", "fields": ("premise",), "options": None} | source
    return resolved({"evaluation": path}, **settings)


def test_a_choice_in_each_column(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "copa.jsonl", COPA)
    frame = prepare_task(of_rows(path, options_of_rows=("choice1", "choice2")), examples()).examples
    assert frame["options"].to_list() == [
        [" He got a hole in his sock.", " He dropped a hammer."],
        [" I was moving out.", " I was looking for a flat."],
    ]
    assert frame["label"].to_list() == [1, 0]
    task = of_rows(path, options_of_rows=("choice1", "choice3"))
    with pytest.raises(SourceError, match="line 1: no column 'choice3'; did you mean 'choice2'"):
        prepare_task(task, examples())
    with pytest.raises(SourceError, match="options: with a list of those columns"):
        prepare_task(of_rows(path, options_of_rows="choice1"), examples())


def test_an_empty_column_of_a_choice_can_be_skipped(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "copa.jsonl", [*COPA, COPA[0] | {"choice2": None}])
    columns = ("choice1", "choice2")
    with pytest.raises(SourceError, match=r"line 3: column 'choice2' is empty; .*skip: \[empty\]"):
        prepare_task(of_rows(path, options_of_rows=columns), examples())
    made = prepare_task(of_rows(path, options_of_rows=columns, skip=["empty"]), examples())
    assert (made.examples.height, made.skipped) == (2, {"evaluation": {"empty": 1}})


def test_elements_of_a_list_as_fields_and_choices(tmp_path: Path) -> None:
    table = [
        {"question": "Which?", "choices": ["an ant", "a bee"], "more": [{"text": "x"}], "label": 0}
    ]
    path = write_rows(tmp_path / "t.jsonl", table)
    task = of_rows(
        path,
        prompt="{question} A: {a} B: {b} {x}\nAnswer:",
        fields=("question", "a", "b", "x"),
        columns={"a": "choices.0", "b": "choices.1", "x": "more.0.text"},
        options_of_rows=("choices.0", "choices.1"),
    )
    row = prepare_task(task, examples(explanation=1)).examples.row(0, named=True)
    assert row["prompt"] == "Which? A: an ant B: a bee x\nAnswer:"
    assert row["options"] == [" an ant", " a bee"]


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("choices.2", "column 'choices.2': the list has 2 elements, counted from 0; fill it, or type skip"),
        ("choices.first", "a list has no 'first'; name an element by its number from 0, such as choices.0"),
        ("choices.-1", "a list has no '-1'; name an element by its number"),
        ("choice.0", "no column 'choice.0'"),
    ],
)  # fmt: skip
def test_an_element_that_is_not_there(column: str, words: str, tmp_path: Path) -> None:
    row = {"text": "x", "choices": ["a", "b"], "label": 0}
    path = write_rows(tmp_path / "t.jsonl", [row, row])
    task = resolved({"evaluation": path}, columns={"text": column})
    with pytest.raises(SourceError, match=f"line 1: .*{words}"):
        prepare_task(task, examples())


def test_tab_separated_is_as_comma_separated(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {"text": ["007", "a, b", 'say "x"', "two\nlines", "a\ttab", "NA"], "label": [0, 1] * 3}
    )
    made = []
    for suffix, separator in ((".csv", ","), (".tsv", "\t")):
        path = tmp_path / f"t{suffix}"
        frame.write_csv(path, separator=separator)
        made.append(prepare_task(resolved({"evaluation": str(path)}), examples()).examples)
    assert made[0].equals(made[1])
    assert made[1]["prompt"].str.starts_with("a\ttab").sum() == 1


def test_a_tab_separated_file_with_commas_names_the_cell(tmp_path: Path) -> None:
    path = tmp_path / "t.tsv"
    path.write_text("text\tlabel\nx\ty\t0\n")
    with pytest.raises(
        ConfigError, match="line 2: 3 cells for 2 columns; quote cells that contain a tab"
    ):
        prepare_task(resolved({"evaluation": str(path)}), examples())


def test_white_space_of_fixed_choices_counts_without_a_delimiter(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "t.jsonl", [{"text": "def f():", "label": 1}])
    source = LocalTaskSource(splits={"evaluation": path})
    settings: dict[str, Any] = {
        "version": 1,
        "description": "Which indentation?",
        "prompt": "{text}\n",
        "fields": ("text",),
        "options": ("  return", "    return"),
        "sources": {"local": source.model_dump()},
    }
    task = ResolvedTask(name="t", task=Task(**settings, delimiter=""), source=source)
    frame = prepare_task(task, examples(explanation=1)).examples
    assert frame["options"].to_list() == [["  return", "    return"]]
    with pytest.raises(ValueError, match=r"white space around it; type 'return', or delimiter"):
        Task(**settings | {"prompt": "{text}"})


def test_white_space_of_a_rows_choices_counts_without_a_delimiter(tmp_path: Path) -> None:
    table = [{"text": "x", "choices": [" a", "a"], "label": 1}]
    path = write_rows(tmp_path / "t.jsonl", table)
    task = resolved({"evaluation": path}, options=None, options_of_rows="choices")
    with pytest.raises(SourceError, match="has the choice 'a' twice"):
        prepare_task(task, examples())
    definition = Task(**task.task.model_dump() | {"delimiter": ""})
    exact = ResolvedTask(name="t", task=definition, source=task.source)
    assert prepare_task(exact, examples(explanation=1)).examples["options"].to_list() == [
        [" a", "a"]
    ]
