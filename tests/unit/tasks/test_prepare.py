"""From real files to the table of examples: prompts, options, labels, rationale, parts."""

import json
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from tables import examples, resolved, rows, write_rows

from keepfaith.artifacts.schemas import EXAMPLES
from keepfaith.artifacts.tables import conform
from keepfaith.config.errors import ConfigError
from keepfaith.config.schema import Examples
from keepfaith.tasks.prepare import prepare_task, training_examples
from keepfaith.tasks.sources import SourceError


def ids(frame: pl.DataFrame, part: str) -> list[str]:
    return frame.filter(pl.col(part))["example_id"].to_list()


def test_one_example(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "test.jsonl", rows(3))
    frame = prepare_task(resolved({"evaluation": path}, id="id"), examples()).examples
    assert frame.equals(conform(frame, EXAMPLES))
    first = frame.row(0, named=True)
    assert first["example_id"] == "evaluation-r0"
    assert first["row"] == 0
    assert first["prompt"] == "Text number 0.\nQuestion: good or bad?\nAnswer:"
    assert first["fields"] == [{"name": "text", "start": 0, "end": 14}]
    assert first["options"] == [" bad", " good"]
    assert first["label"] == 0
    assert first["rationale"] is None
    assert first["posterior"] is None


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet"])
def test_all_formats_give_the_same_examples(suffix: str, tmp_path: Path) -> None:
    table = [
        {"id": n, "text": text, "label": n % 2}
        for n, text in enumerate(["2020-01-01", "007", "NA", 'a "b", {c}', "é😀", "two\nlines"])
    ]
    frame = pl.DataFrame(table)
    path = tmp_path / f"test.{suffix}"
    if suffix == "jsonl":
        write_rows(path, table)
    elif suffix == "csv":
        frame.write_csv(path)
    else:
        frame.write_parquet(path)
    made = prepare_task(resolved({"evaluation": str(path)}, id="id"), examples()).examples
    assert made["example_id"].to_list() == [f"evaluation-{n}" for n in range(6)]
    assert made["label"].to_list() == [0, 1, 0, 1, 0, 1]
    texts = [
        prompt[spans[0]["start"] : spans[0]["end"]]
        for prompt, spans in zip(made["prompt"], made["fields"], strict=True)
    ]
    assert texts == [row["text"] for row in table]


def test_parts_are_disjoint_nested_and_seeded(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "test.jsonl", rows(40))
    task = resolved({"evaluation": path}, id="id")
    frame = prepare_task(task, Examples(evaluation=20, explanation=8, tuning=10)).examples
    parts = {part: ids(frame, part) for part in ("evaluation", "explanation", "tuning")}
    assert {part: len(of_part) for part, of_part in parts.items()} == {
        "evaluation": 20,
        "explanation": 8,
        "tuning": 10,
    }
    assert set(parts["explanation"]) <= set(parts["evaluation"])
    rows_of = {part: set(frame.filter(pl.col(part))["row"]) for part in ("evaluation", "tuning")}
    assert not rows_of["evaluation"] & rows_of["tuning"]
    assert frame["row"].to_list() == sorted(rows_of["evaluation"]) + sorted(rows_of["tuning"])
    again = prepare_task(task, Examples(evaluation=20, explanation=8, tuning=10)).examples
    assert again.equals(frame)
    other = prepare_task(task, Examples(evaluation=20, explanation=8, tuning=10, seed=1)).examples
    assert ids(other, "evaluation") != parts["evaluation"]


def test_fewer_explained_examples_are_among_more_of_them(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "test.jsonl", rows(40))
    task = resolved({"evaluation": path}, id="id")
    few = ids(
        prepare_task(task, Examples(evaluation=10, explanation=5, tuning=0)).examples, "explanation"
    )
    many = ids(
        prepare_task(task, Examples(evaluation="all", explanation=12, tuning=9)).examples,
        "explanation",
    )
    assert set(few) <= set(many)


def test_the_choice_does_not_depend_on_the_order_of_named_rows(tmp_path: Path) -> None:
    settings = Examples(evaluation=10, explanation=5, tuning=6)
    forward = write_rows(tmp_path / "a.jsonl", rows(30))
    backward = write_rows(tmp_path / "b.jsonl", rows(30)[::-1])
    frames = [
        prepare_task(resolved({"evaluation": p}, id="id"), settings).examples
        for p in (forward, backward)
    ]
    for part in ("evaluation", "explanation", "tuning"):
        assert sorted(ids(frames[0], part)) == sorted(ids(frames[1], part))


def test_tuning_from_a_split_of_its_own(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "test.jsonl", rows(6))
    other = write_rows(tmp_path / "dev.jsonl", rows(5, text="Other text."))
    task = resolved({"evaluation": path, "tuning": other}, id="id")
    frame = prepare_task(task, examples(tuning=3)).examples
    assert len(ids(frame, "evaluation")) == 6
    tuning = frame.filter(pl.col("tuning"))
    assert tuning.height == 3
    assert tuning["prompt"].str.starts_with("Other text.").all()
    assert frame["example_id"].is_unique().all()
    with pytest.raises(ConfigError, match="type at most 5"):
        prepare_task(task, examples(tuning=6))


def test_tuning_without_a_number(tmp_path: Path) -> None:
    """Up to 500 rows of a split of its own, and none of the evaluation split."""
    path = write_rows(tmp_path / "test.jsonl", rows(30))
    few = write_rows(tmp_path / "few.jsonl", rows(7, text="Other text."))
    many = [{"id": f"m{n}", "text": f"Many {n}.", "label": n % 2} for n in range(600)]
    settings = Examples(explanation=2)
    assert settings.tuning == "auto"
    for splits, expected in (
        ({}, 0),
        ({"tuning": path}, 0),  # the evaluation split by another word
        ({"tuning": few}, 7),
        ({"tuning": write_rows(tmp_path / "many.jsonl", many)}, 500),
    ):
        frame = prepare_task(resolved({"evaluation": path} | splits, id="id"), settings).examples
        assert (frame["tuning"].sum(), frame["evaluation"].sum()) == (expected, 30)
    asked = prepare_task(
        resolved({"evaluation": path}, id="id"), Examples(explanation=2, tuning=10)
    ).examples
    assert (asked["tuning"].sum(), asked["evaluation"].sum()) == (10, 20)


def test_training_leaves_tuning_rows_out_without_a_number_too(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "test.jsonl", rows(10))
    many = [{"id": f"m{n}", "text": f"Many {n}.", "label": n % 2} for n in range(600)]
    train = write_rows(tmp_path / "train.jsonl", many)
    task = resolved({"evaluation": path, "tuning": train, "training": train}, id="id")
    settings = Examples(explanation=2)
    tuning = prepare_task(task, settings).examples.filter(pl.col("tuning"))
    training = training_examples(task, settings)
    assert (tuning.height, training.height) == (500, 100)
    assert not set(training["row"]) & set(tuning["row"])


def test_training_leaves_tuning_rows_out(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "test.jsonl", rows(4))
    train = write_rows(tmp_path / "train.jsonl", rows(20))
    task = resolved({"evaluation": path, "tuning": train, "training": train}, id="id")
    settings = examples(tuning=7)
    tuning = prepare_task(task, settings).examples.filter(pl.col("tuning"))
    training = training_examples(task, settings)
    assert training.height == 13
    assert not set(training["row"]) & set(tuning["row"])
    assert not training.select(
        pl.any_horizontal("evaluation", "explanation", "tuning").any()
    ).item()
    assert training["example_id"].str.starts_with("training-").all()


def test_training_without_a_split(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "test.jsonl", rows(4))
    with pytest.raises(SourceError, match="no training split"):
        training_examples(resolved({"evaluation": path}), examples())


def test_own_options_and_lettered_labels(tmp_path: Path) -> None:
    """As ARC on the hub: nested choices, an answer key that names one of them."""
    table = [
        {
            "question": "Which?",
            "choices": {"text": ["an ant", " a bee ", "a cat"], "label": ["A", "B", "C"]},
            "answerKey": "B",
        },
        {
            "question": "What?",
            "choices": {"text": ["x", "y"], "label": ["1", "2"]},
            "answerKey": " 2",
        },
    ]
    path = tmp_path / "test.parquet"
    pl.DataFrame(table).write_parquet(path)
    task = resolved(
        {"evaluation": str(path)},
        prompt="Question: {text}\nAnswer:",
        options=None,
        columns={"text": "question"},
        options_of_rows="choices.text",
        label="answerKey",
        label_names="choices.label",
    )
    frame = prepare_task(task, examples()).examples
    assert frame["options"].to_list() == [[" an ant", " a bee", " a cat"], [" x", " y"]]
    assert frame["label"].to_list() == [1, 1]
    assert frame["example_id"].to_list() == ["evaluation-0", "evaluation-1"]


def test_labels_by_name_as_truth_values_and_as_digits(tmp_path: Path) -> None:
    for labels, names, expected in (
        (["pos", "neg"], ["neg", "pos"], [1, 0]),
        ([True, False], None, [1, 0]),
        ([1, "0"], None, [1, 0]),
    ):
        path = write_rows(tmp_path / "t.jsonl", [{"text": "x", "label": label} for label in labels])
        frame = prepare_task(resolved({"evaluation": path}, label_names=names), examples()).examples
        assert frame["label"].to_list() == expected


def test_rationale_moves_from_field_to_prompt(tmp_path: Path) -> None:
    table = [
        {
            "passage": "The key is red.",
            "question": "Which?  ",
            "label": 0,
            "spans": [[8, 14], [0, 3]],
            "q": [[0, 8]],
        },
        {"passage": "{key}", "question": "Why?", "label": 1, "spans": [], "q": []},
    ]
    path = write_rows(tmp_path / "t.jsonl", table)
    task = resolved(
        {"evaluation": path},
        prompt="Read {passage}\nNow {question}",
        fields=("passage", "question"),
        rationale={"passage": "spans", "question": "q"},
    )
    frame = prepare_task(task, examples()).examples
    prompt, spans = frame["prompt"][0], frame["rationale"].to_list()[0]
    # The white space that the last field loses at the prompt's end is lost to its rationale too.
    assert [prompt[span["start"] : span["end"]] for span in spans] == ["The", "is red", "Which?"]
    assert frame["rationale"].to_list()[1] == []


def test_equal_options_are_allowed_in_training_only(tmp_path: Path) -> None:
    table = [{"text": "x", "label": 0, "choices": ["a", "a"]} for _ in range(2)]
    path = write_rows(tmp_path / "t.jsonl", table)
    good = write_rows(tmp_path / "g.jsonl", [row | {"choices": ["a", "b"]} for row in table])
    task = resolved({"evaluation": good, "training": path}, options=None, options_of_rows="choices")
    assert training_examples(task, examples()).height == 2
    bad = resolved({"evaluation": path}, options=None, options_of_rows="choices")
    with pytest.raises(SourceError, match="line 1: column 'choices' has the choice 'a' twice"):
        prepare_task(bad, examples())


def test_a_row_that_spoils_the_task_is_named(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "t.jsonl", [*rows(2), {"id": "z", "text": "x", "label": 9}])
    with pytest.raises(
        SourceError, match=r"task tiny: .*t\.jsonl, line 3: column 'label': label 9 lies outside"
    ):
        prepare_task(resolved({"evaluation": path}, id="id"), examples())


def test_numbers_and_text_as_names(tmp_path: Path) -> None:
    path = write_rows(
        tmp_path / "t.jsonl", [row | {"id": i} for row, i in zip(rows(2), [7, "a"], strict=True)]
    )
    frame = prepare_task(resolved({"evaluation": path}, id="id"), examples()).examples
    assert frame["example_id"].to_list() == ["evaluation-7", "evaluation-a"]


def test_more_explained_examples_than_rows(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "t.jsonl", rows(3))
    with pytest.raises(ConfigError, match="type at most 3"):
        prepare_task(resolved({"evaluation": path}), examples(explanation=4))


def test_rows_of_the_hub_become_examples(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is asked of the hub is what the catalog says; tests/hub asks a real one."""
    from keepfaith.config.catalog import read_entry
    from keepfaith.config.schema import Task
    from keepfaith.config.settings import ResolvedTask
    from keepfaith.tasks import sources

    asked = []

    def rows_of(*place: str | None) -> Iterator[dict[str, object]]:
        asked.append(place)
        choices = {"text": ["wind", "rain"], "label": ["A", "B"]}
        yield {"id": "7-980", "question_stem": "What? ", "choices": choices, "answerKey": "B"}

    monkeypatch.setattr(sources, "hub_rows", rows_of)
    catalog = Path(__file__).parents[3] / "config" / "catalog" / "tasks"
    task = read_entry(Task, [catalog], "openbookqa", "test")
    assert task.sources.hub is not None
    hub = ResolvedTask(name="openbookqa", task=task, source=task.sources.hub)
    frame = prepare_task(hub, examples(explanation=1)).examples
    assert asked == [("allenai/openbookqa", "main", task.sources.hub.revision, "test")]
    assert frame.row(0, named=True)["prompt"] == "What?"
    assert frame.row(0, named=True)["options"] == [" wind", " rain"]
    assert frame.row(0, named=True)["label"] == 1


def test_json_escapes_survive(tmp_path: Path) -> None:
    text = 'tab\t quote" back\\slash \u2028 \U0001f600'
    path = tmp_path / "t.jsonl"
    path.write_text(
        json.dumps({"text": text, "label": 0}) + "\n" + json.dumps({"text": "x", "label": 1}) + "\n"
    )
    frame = prepare_task(resolved({"evaluation": str(path)}), examples()).examples
    assert frame["prompt"][0].startswith(text)
