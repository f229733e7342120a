"""Every piece of a task that docs/tasks.md shows is one that keepfaith accepts."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from keepfaith.config.catalog import entries, read_entry
from keepfaith.config.schema import Task

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "tasks.md").read_text(encoding="utf-8")
STUDY_KEYS = {"models", "examples"}
LOCAL = {"splits": {"evaluation": "a.csv", "tuning": "b.csv", "training": "c.csv"}}
HUB = {"revision": "0" * 40, "splits": {"evaluation": "test", "tuning": "train"}}


def blocks() -> list[dict[str, Any]]:
    found = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]
    return [block for block in found if not STUDY_KEYS & set(block)]


def completed(piece: dict[str, Any]) -> dict[str, Any]:
    """A task with this piece, and nothing more than it then needs."""
    fields = piece.get("fields", ["text"])
    task = {
        "version": 1,
        "description": "A task of the page.",
        "prompt": " ".join(f"{{{field}}}" for field in fields),
        "fields": fields,
        "options": ["no", "yes"],
    }
    sources = piece.get("sources", {"local": {}})
    if "harness" in sources:
        return piece
    bases = {"local": LOCAL, "hub": HUB}
    merged = {name: bases[name] | source for name, source in sources.items()}
    return task | piece | {"sources": merged}


@pytest.mark.parametrize("piece", blocks(), ids=lambda piece: "-".join(piece))
def test_a_piece_of_the_page_is_part_of_a_valid_task(piece: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "shown.yaml").write_text(yaml.safe_dump(completed(piece)), encoding="utf-8")
    assert entries(tmp_path) == ["shown"]
    entry = read_entry(Task, [tmp_path], "shown", "the page")
    assert entry.version == 1


def test_the_page_shows_tasks() -> None:
    assert len(blocks()) > 8


def test_the_worked_example_is_the_one_to_copy() -> None:
    example = ROOT / "examples" / "my_task"
    for path in ("config/catalog/tasks/my_task.yaml", "config/config.yaml"):
        assert f"```yaml\n{(example / path).read_text(encoding='utf-8')}```" in PAGE, path
    (shown,) = re.findall(r"```csv\n(.*?)```", PAGE, re.DOTALL)
    assert (example / "film_notes.csv").read_text(encoding="utf-8").startswith(shown)
