"""A wrong word ends in one line that says what to type, before any job starts."""

from collections.abc import Callable
from pathlib import Path

import pytest
from workflow_copy import Workflow

ROWS = '{"text": "a fine film", "label": 1}\n{"text": "a dull film", "label": 0}\n'
LOCAL_TASK = """
version: 1
description: Two reviews.
prompt: "{text}\\nQuestion: good?\\nAnswer:"
fields: [text]
options: ["no", "yes"]
sources:
  local: {splits: {evaluation: reviews.jsonl}}
"""


def write(folder: Path, path: str, content: str | bytes) -> None:
    file = folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content.encode() if isinstance(content, str) else content)


def local_rows(content: str | bytes) -> Callable[[Path], None]:
    """A local task whose file holds `content`, small enough to be used whole."""

    def prepare(folder: Path) -> None:
        write(folder, "config/catalog/tasks/reviews.yaml", LOCAL_TASK)
        write(folder, "data/reviews.jsonl", content)

    return prepare


def nothing(_: Path) -> None:
    """The study as it is."""


def a_level_twice(folder: Path) -> None:
    """An import in the study's file, one level of which YAML drops."""
    with (folder / "mini.yaml").open("a", encoding="utf-8") as file:
        file.write("imports:\n  mine:\n    0: a\n    4: b\n    4: c\n")


LOCAL = (
    "tasks=[reviews]",
    "folders={data: data}",
    "examples={explanation: 1, tuning: 0}",
    "report={explained_examples: 1}",
)
CASES = [
    (a_level_twice, ["name=mini"], "the key 4 occurs twice"),
    (nothing, ["imports={mine: {0: a, 4: b, 4: c}}"], "the key 4 occurs twice"),
    (nothing, ["modles=[builtin]"], "did you mean 'models'"),
    (nothing, ["tasks=[sentimant]"], "did you mean 'sentiment'"),
    (nothing, ["levels={maximum: 9}"], "type at most 8"),
    (nothing, ["levels=[0,9]"], "type levels up to 8"),
    (nothing, ["levels={maximum: 2, shares: [.5]}"], "leave one out"),
    (nothing, ["tasks=[../../etc]"], "tasks"),
    (local_rows(""), LOCAL, "reviews.jsonl"),
    (local_rows(b'{"text": "caf\xe9", "label": 1}\n'), LOCAL, "UTF-8"),
    (local_rows(ROWS.replace('"label": 0', '"label": 2')), LOCAL, "label"),
    (local_rows(ROWS), ("tasks=[reviews]",), "folders.data"),
]


@pytest.mark.parametrize(("prepare", "settings", "expected"), CASES)
def test_one_line_and_no_job(
    new_workflow: Callable[[str], Workflow],
    prepare: Callable[[Path], None],
    settings: tuple[str, ...],
    expected: str,
) -> None:
    workflow = new_workflow("bad")
    prepare(workflow.folder)
    result = workflow.run("--configfile", "mini.yaml", "--config", *settings)
    said = [line for line in result.stdout.splitlines() if line.startswith("keepfaith:")]
    assert result.returncode != 0
    assert len(said) == 1, result.stdout
    assert expected in said[0]
    assert "Traceback" not in result.stdout
    assert not (workflow.folder / "results").exists()
