"""Built-in tasks through the same path as any other: from the catalog to the table of examples."""

from pathlib import Path

import polars as pl
import pytest

from keepfaith.config.catalog import read_entry
from keepfaith.config.schema import BuiltinTaskSource, Examples, Task
from keepfaith.config.settings import ResolvedTask
from keepfaith.tasks.prepare import prepare_task, training_examples
from keepfaith.tasks.sources import SourceError

CATALOG = Path(__file__).parents[3] / "config" / "catalog" / "tasks"
SIZES = {"evaluation": 30, "tuning": 10, "training": 25}


def builtin(name: str, **changes: object) -> ResolvedTask:
    task = read_entry(Task, [CATALOG], name, "test").model_copy(update=changes)
    source = BuiltinTaskSource(generator=name, sizes=SIZES)  # type: ignore[arg-type]
    return ResolvedTask(name=name, task=task, source=source)


@pytest.mark.parametrize("name", ["sentiment", "passage", "lookup"])
def test_end_to_end(name: str) -> None:
    frame = prepare_task(builtin(name), Examples(evaluation=20, explanation=5, tuning=4)).examples
    assert frame.select("evaluation", "explanation", "tuning").sum().row(0) == (20, 5, 4)
    assert frame["example_id"].is_unique().all()
    for row in frame.iter_rows(named=True):
        prompt = row["prompt"]
        assert prompt == prompt.rstrip()
        assert prompt.endswith("\nAnswer:")
        inside = [range(span["start"], span["end"]) for span in row["fields"]]
        assert row["rationale"]
        for span in row["rationale"]:
            assert any(span["start"] in field and span["end"] - 1 in field for field in inside)
        assert all(
            option.startswith(" ") and option[1:].strip() == option[1:] for option in row["options"]
        )
        assert len(row["posterior"]) == len(row["options"])
        assert sum(row["posterior"]) == pytest.approx(1)
        assert 0 <= row["label"] < len(row["options"])


def test_rationale_is_the_asked_fact() -> None:
    frame = prepare_task(
        builtin("passage"), Examples(evaluation=20, explanation=5, tuning=0)
    ).examples
    for row in frame.iter_rows(named=True):
        (question,) = [span for span in row["fields"] if span["name"] == "question"]
        person = row["prompt"][question["start"] : question["end"]].split()[2]
        (span,) = row["rationale"]
        assert f"the {person} " in row["prompt"][span["start"] : span["end"]].lower()


def test_training_shares_no_prompt_with_evaluation_or_tuning() -> None:
    task, examples = builtin("sentiment"), Examples(evaluation="all", explanation=5, tuning=10)
    training = training_examples(task, examples)
    assert training.height == SIZES["training"]
    others = prepare_task(task, examples).examples
    assert not set(training["prompt"]) & set(others["prompt"])
    assert others.height == SIZES["evaluation"] + 10
    assert not training.select(pl.col("evaluation").any()).item()


def test_options_that_are_not_the_generators() -> None:
    with pytest.raises(SourceError, match=r"type \['negative', 'positive'\]"):
        prepare_task(
            builtin("sentiment", options=("positive", "negative")),
            Examples(evaluation=5, explanation=2, tuning=0),
        )
