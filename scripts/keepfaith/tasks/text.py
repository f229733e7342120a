"""Calibration text: the input of a pruning criterion."""

from collections.abc import Iterable, Iterator
from itertools import islice
from random import Random

from keepfaith.config.errors import nearest, shown
from keepfaith.config.schema import BuiltinText, HubText, LocalText, TextSource
from keepfaith.config.texts import local_texts
from keepfaith.hub.errors import HubError
from keepfaith.tasks.builtin import TASKS, BuiltinExample, generate
from keepfaith.tasks.hub_rows import hub_rows
from keepfaith.tasks.sources import SourceError


def calibration_text(source: TextSource, count: int, seed: int) -> list[str]:
    """`count` samples of text, each of `source.rows_per_sample` rows joined by line breaks.

    Rows without text are left out. Local rows are drawn from the whole file, hub rows from the first
    `source.buffer` texts of the split, built-in rows are generated; none is drawn twice.

    Raises:
        SourceError: the source cannot be read or has too few texts.
        ConfigError: a local file cannot be read or has no such column.
    """
    needed = count * source.rows_per_sample
    match source:
        case HubText():
            rows = _drawn(
                _hub(source), needed, seed, f"{source.repository}, first {source.buffer} texts"
            )
        case LocalText():
            rows = _drawn(local_texts(source), needed, seed, source.path)
        case BuiltinText():
            rows = _builtin(needed, seed)
    size = source.rows_per_sample
    return ["\n".join(rows[start : start + size]) for start in range(0, needed, size)]


def _drawn(texts: Iterable[str], count: int, seed: int, location: str) -> list[str]:
    pool = [text for text in texts if text.strip()]
    if len(pool) < count:
        raise SourceError(
            f"{location}: {len(pool)} texts, but {count} are needed; lower samples or rows_per_sample"
        )
    return Random(seed).sample(pool, count)


def _hub(source: HubText) -> Iterator[str]:
    rows = hub_rows(source.repository, source.config, source.revision, source.split)
    try:
        for number, row in enumerate(islice(rows, source.buffer)):
            # A file of JSON lines may leave out an empty column.
            if source.column not in row and number == 0:
                raise SourceError(
                    f"{source.repository} has no column {source.column!r}{nearest(source.column, row)}; "
                    "correct source.column of the text"
                )
            text = row.get(source.column)
            if text is not None and not isinstance(text, str):
                raise SourceError(
                    f"{source.repository}, row {number}: column {source.column!r} must be text, got {shown(text)}; "
                    "correct source.column of the text"
                )
            yield text or ""
    except HubError as error:
        raise SourceError(f"calibration text: {error}") from error


def _builtin(count: int, seed: int) -> list[str]:
    """Training examples of all built-in tasks in turn, with their answers, in the form of the prompts."""
    each = -(-count // len(TASKS))
    columns = [[_answered(e) for e in generate(task, "train", each, seed)] for task in TASKS]
    return [text for row in zip(*columns, strict=True) for text in row][:count]


def _answered(example: BuiltinExample) -> str:
    text, *questions = example.fields.values()
    lines = [text, *(f"Question: {question}" for question in questions)]
    return "\n".join([*lines, f"Answer: {example.choices[example.label]}"])
