"""Parts of one file are disjoint however it is spelt, and tuning rows are never evaluated."""

import os
import shutil
import unicodedata
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from tables import examples, resolved, rows, write_rows

from keepfaith.config.errors import ConfigError
from keepfaith.config.same_files import are_one
from keepfaith.tasks.prepare import prepare_task, training_examples

SETTINGS = examples(tuning=4)


def dotted(path: Path) -> str:
    return f"{path.parent}/./{path.name}"


def climbing(path: Path) -> str:
    return f"{path.parent}/../{path.parent.name}/{path.name}"


def linked(path: Path) -> str:
    (path.parent / "link.jsonl").symlink_to(path)
    return str(path.parent / "link.jsonl")


def hard_linked(path: Path) -> str:
    os.link(path, path.parent / "hard.jsonl")
    return str(path.parent / "hard.jsonl")


def below_a_linked_folder(path: Path) -> str:
    (path.parent / "folder").symlink_to(path.parent, target_is_directory=True)
    return str(path.parent / "folder" / path.name)


def copied(path: Path) -> str:
    shutil.copy(path, path.parent / "copy.jsonl")
    return str(path.parent / "copy.jsonl")


SPELLINGS = [dotted, climbing, linked, hard_linked, below_a_linked_folder, copied]


def file_of(folder: Path, count: int = 20) -> Path:
    return Path(write_rows(folder / "s.jsonl", rows(count)))


@pytest.mark.parametrize("spell", SPELLINGS)
def test_evaluation_and_tuning_of_one_file(spell: Callable[[Path], str], tmp_path: Path) -> None:
    path = file_of(tmp_path)
    same = {"evaluation": str(path), "tuning": str(path)}
    expected = prepare_task(resolved(same, id="id"), SETTINGS).examples
    found = prepare_task(resolved(same | {"tuning": spell(path)}, id="id"), SETTINGS).examples
    assert found.equals(expected)
    of_part = [set(found.filter(pl.col(part))["prompt"]) for part in ("evaluation", "tuning")]
    assert [len(prompts) for prompts in of_part] == [16, 4] and not of_part[0] & of_part[1]


@pytest.mark.parametrize("spell", SPELLINGS)
def test_tuning_and_training_of_one_file(spell: Callable[[Path], str], tmp_path: Path) -> None:
    path = file_of(tmp_path)
    other = write_rows(tmp_path / "e.jsonl", rows(6, text="Another text."))
    parts = {"evaluation": other, "tuning": str(path), "training": spell(path)}
    task = resolved(parts, id="id")
    tuning = prepare_task(task, SETTINGS).examples.filter(pl.col("tuning"))
    training = training_examples(task, SETTINGS)
    assert training.height == 16 and not set(training["prompt"]) & set(tuning["prompt"])


@pytest.mark.parametrize("spell", SPELLINGS)
def test_training_on_evaluation_is_refused(spell: Callable[[Path], str], tmp_path: Path) -> None:
    path = file_of(tmp_path)
    other = spell(path)
    with pytest.raises(ValueError, match="are the same rows; name another file for training, or n"):
        resolved({"evaluation": str(path), "training": other})


@pytest.mark.parametrize("suffix", ["jsonl", "csv"])
def test_rows_of_another_file_that_are_evaluated_too(
    suffix: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The same texts under other ids, in another order, with other labels or in another format."""
    path = file_of(tmp_path)
    again = [row | {"id": f"again{n}"} for n, row in enumerate(rows(20)[3:10])][::-1]
    table = [*again, *({"id": f"own{n}", "text": f"Own {n}.", "label": 0} for n in range(6))]
    other = tmp_path / f"t.{suffix}"
    pl.DataFrame(table).write_csv(other) if suffix == "csv" else write_rows(other, table)
    splits = {"evaluation": str(path), "tuning": str(other), "training": str(other)}
    task = resolved(splits, id="id")
    caplog.set_level("INFO")
    made = prepare_task(task, SETTINGS)
    assert made.skipped == {"tuning": {"evaluated": 7}}
    assert f"7 of 13 tuning rows are also in {path}, and are left out" in caplog.text
    tuning = made.examples.filter(pl.col("tuning"))
    assert tuning.height == 4 and tuning["prompt"].str.starts_with("Own").all()
    assert made.examples["evaluation"].sum() == 20
    training = training_examples(task, SETTINGS)
    assert not set(training["prompt"]) & set(tuning["prompt"])
    with pytest.raises(
        ConfigError, match=r"than the 6 rows .* \(7 more are also in its evaluation sp"
    ):
        prepare_task(task, examples(tuning=7))


def spaced(text: str) -> str:
    return f" {text.replace(' ', chr(0xA0))}  "


def in_parts(text: str) -> str:
    return unicodedata.normalize("NFD", text)


def typeset(text: str) -> str:
    return text.replace("'", "\u2019").upper()


@pytest.mark.parametrize("spell", [spaced, in_parts, typeset])
def test_rows_that_are_evaluated_too_by_another_spelling(
    spell: Callable[[str], str], tmp_path: Path
) -> None:
    """What a prompt cuts, or nobody sees, makes no other example."""
    table = [{"text": f"It's a schöner film, no. {n}", "label": 0} for n in range(6)]
    again = [row | {"text": spell(str(row["text"]))} for row in table[:4]]
    assert again[0] != table[0]
    own = [{"text": f"Own {n}.", "label": 0} for n in range(4)]
    paths = {
        "evaluation": write_rows(tmp_path / "e.jsonl", table),
        "tuning": write_rows(tmp_path / "t.jsonl", [*again, *own]),
    }
    made = prepare_task(resolved(paths, prompt="Film? {text}"), SETTINGS)
    assert made.skipped == {"tuning": {"evaluated": 4}}
    assert made.examples.filter(pl.col("tuning"))["prompt"].str.contains("Own").all()


def test_options_of_a_row_are_part_of_what_it_says(tmp_path: Path) -> None:
    """The same question with other options is another example."""
    table = [{"text": "Which?", "choices": ["a", f"b{n}"], "label": 0} for n in range(8)]
    paths = {
        "evaluation": write_rows(tmp_path / "e.jsonl", table[:5]),
        "tuning": write_rows(tmp_path / "t.jsonl", table[4:]),
    }
    task = resolved(paths, options=None, options_of_rows="choices")
    made = prepare_task(task, examples(tuning=3))
    assert made.skipped == {"tuning": {"evaluated": 1}}


def test_files_that_are_not_one(tmp_path: Path) -> None:
    path, missing = file_of(tmp_path), tmp_path / "no.jsonl"
    other = tmp_path / "other.jsonl"
    other.write_bytes(path.read_bytes()[:-2] + b"\n\n")
    assert path.stat().st_size == other.stat().st_size
    assert not are_one(path, other)
    assert not are_one(path, missing) and not are_one(missing, path)
    assert are_one(missing, missing)
