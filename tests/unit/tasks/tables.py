"""Tiny tables and tasks over them."""

import json
from pathlib import Path
from typing import Any

from keepfaith.config.schema import Examples, LocalTaskSource, Task
from keepfaith.config.settings import ResolvedTask

PROMPT = "{text}\nQuestion: good or bad?\nAnswer:"


def write_rows(path: Path, rows: list[dict[str, Any]]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def resolved(
    splits: dict[str, str],
    prompt: str = PROMPT,
    fields: tuple[str, ...] = ("text",),
    options: tuple[str, ...] | None = ("bad", "good"),
    options_of_rows: str | tuple[str, ...] | None = None,
    **source: Any,
) -> ResolvedTask:
    local = LocalTaskSource(splits=splits, options=options_of_rows, **source)
    task = Task(
        version=1,
        description="Tiny.",
        prompt=prompt,
        fields=fields,
        options=options,
        sources={"local": local.model_dump()},
    )
    return ResolvedTask(name="tiny", task=task, source=local)


def examples(**changes: Any) -> Examples:
    return Examples(**({"evaluation": "all", "explanation": 2, "tuning": 0} | changes))


def rows(count: int, **changes: Any) -> list[dict[str, Any]]:
    return [
        {"id": f"r{n}", "text": f"Text number {n}.", "label": n % 2} | changes for n in range(count)
    ]
