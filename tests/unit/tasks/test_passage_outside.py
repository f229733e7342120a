"""A passage that no prompt shows: a column that groups related rows."""

from pathlib import Path
from typing import Any

import pytest
from tables import examples, write_rows

from keepfaith.config.schema import LocalTaskSource, Task
from keepfaith.config.settings import ResolvedTask
from keepfaith.statistics.clusters import group_examples
from keepfaith.tasks.prepare import prepare_task
from keepfaith.tasks.sources import SourceError


def grouped(path: str, passage: str | None, columns: dict[str, str]) -> ResolvedTask:
    source = LocalTaskSource(splits={"evaluation": path}, columns=columns)
    definition = Task(
        version=1, description="Tiny.", prompt="{text}:", fields=("text",), options=("no", "yes"),
        passage=passage, sources={"local": source.model_dump()},
    )  # fmt: skip
    return ResolvedTask(name="tiny", task=definition, source=source)


def table(tmp_path: Path, *stories: Any) -> str:
    rows = [{"text": f"Question {n}?", "label": 0, "of": story} for n, story in enumerate(stories)]
    return write_rows(tmp_path / "t.jsonl", rows)


@pytest.mark.parametrize("stories", [("a", "b", " A", "b"), (7, 8, 7, 8)])
def test_rows_with_one_value_are_one_cluster(stories: tuple[Any, ...], tmp_path: Path) -> None:
    task = grouped(table(tmp_path, *stories), "story", {"story": "of"})
    frame = prepare_task(task, examples()).examples
    assert frame["prompt"].to_list() == [f"Question {n}?:" for n in range(4)]
    grouping = group_examples(frame, "story")
    assert list(grouping.of([f"evaluation-{n}" for n in range(4)])) == [0, 1, 0, 1]
    assert group_examples(frame).clusters == 4


def test_an_unnamed_column_is_refused(tmp_path: Path) -> None:
    path = table(tmp_path, "a", "b")
    with pytest.raises(ValueError, match=r"unknown field 'stry'.*columns: \{stry: COLUMN\}"):
        grouped(path, "stry", {"story": "of"})
    with pytest.raises(ValueError, match="unknown field 'story'"):
        grouped(path, None, {"story": "of"})
    with pytest.raises(SourceError, match="line 1: no column 'off'; did you mean 'of'"):
        prepare_task(grouped(path, "story", {"story": "off"}), examples())


def test_a_row_without_its_passage_is_refused(tmp_path: Path) -> None:
    path = table(tmp_path, "a", None)
    with pytest.raises(SourceError, match="line 2: column 'of' is empty"):
        prepare_task(grouped(path, "story", {"story": "of"}), examples())
