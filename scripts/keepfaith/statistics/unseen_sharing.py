"""Texts that examples share outside their fields: texts outside the prompt, and pieces of the prompts.

These group no examples. They are counted for a note, so that the user can name a passage.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

import polars as pl

from keepfaith.config.passages import comparable, is_short
from keepfaith.statistics.shared_texts import FieldTexts, cluster_numbers, long_and_unusual

MATERIAL = 0.9
"""A note is written for fewer texts than this share of those counted: they widen an interval by a twentieth."""

SIZES_NAMED = 3
"""Texts or pieces that a note names."""

CHARACTERS_SHOWN = 40
"""Characters of a piece that a note shows."""

_DEPTH = 40
"""Pieces of a prompt that are compared, counted from its start and from its end."""

_BEGINNING = 80
"""Characters of a common beginning, after the part that most prompts share: several words, but less than a question."""

_ENDS = re.compile("\n+|(?<=[.!?])\\s+|(?<=[\u3002\uff01\uff1f])")
"""Line ends and ends of sentences."""


def sharing_notes(
    examples: pl.DataFrame,
    prompts: Sequence[str],
    outside: Mapping[str, FieldTexts],
    clusters: int,
    grouped: str | None,
) -> list[str]:
    """Sentences on texts that would leave markedly fewer clusters than were counted; empty without such texts.

    Args:
        examples: EXAMPLES that were grouped.
        prompts: text that always links examples if equal, by example.
        outside: texts of the documents outside the prompt.
        clusters: number of clusters of the grouping.
        grouped: the field of the grouping, if any.
    """
    if len(prompts) < 2:
        return []
    notes = []
    settled = (
        f"if `{grouped}` is, type passage: {grouped}"
        if grouped and grouped != "prompt"
        else "if the examples are independent, type passage: none"
    )
    by_name = ((name, long_and_unusual(texts)) for name, texts in outside.items())
    if keys := _fewer(by_name, prompts, clusters):
        named = ", ".join(f"`{name}` ({count})" for name, count in keys)
        notes.append(
            f"{clusters} independent texts were counted; examples also share the texts of {named} in their logged "
            "documents, which would leave this many. They are not in the prompts verbatim, so they group nothing: if "
            f"one is a passage, type passage: and that key; {settled}."
        )
    if pieces := _fewer(_slots(examples["prompt"].to_list()), prompts, clusters):
        named = ", ".join(f'"{_cut(piece)}" ({count})' for piece, count in pieces)
        notes.append(
            f"{clusters} independent texts were counted; prompts also share pieces, such as {named}: grouped by the "
            "pieces at that position, this many would be left. If that is a passage, give it a separate field (in a "
            f"log: a key of doc) and name it as passage:; {settled}."
        )
    return notes


def _fewer(
    groups: Iterable[tuple[str, FieldTexts]], prompts: Sequence[str], clusters: int
) -> list[tuple[str, int]]:
    """Names and numbers of clusters of texts that would leave few enough, ascending, one name per number."""
    found: dict[int, str] = {}
    for name, texts in groups:
        shared = Counter(text for own in texts for text in own)
        if sum(shared.values()) - len(shared) < (1 - MATERIAL) * clusters:
            continue
        count = len(set(cluster_numbers(prompts, texts)))
        if count < MATERIAL * clusters:
            found.setdefault(count, name)
    return [(found[count], count) for count in sorted(found)[:SIZES_NAMED]]


def _slots(prompts: Sequence[str]) -> Iterator[tuple[str, FieldTexts]]:
    """The pieces at one index of every prompt, by the one that most examples share.

    Indices are counted from the start or from the end, without the pieces that most prompts contain (an instruction,
    constant examples). A piece at varying indices is not a passage but a few-shot example drawn for every prompt.
    """
    split, spelt = _split(prompts)
    rows = _without_usual(split)
    for ordered in (rows, [row[::-1] for row in rows]):
        indices = _indices(ordered)
        for index in range(_DEPTH):
            here = [row[index] if index < len(row) else "" for row in ordered]
            yield from _named(
                [piece if indices.get(piece) == index else "" for piece in here], spelt
            )
    indices = _indices(rows)
    settled = [" ".join(piece for piece in row if indices[piece] is not None) for row in rows]
    yield from _named([text[:_BEGINNING] for text in settled], spelt, _BEGINNING)


def _indices(rows: Sequence[Sequence[str]]) -> dict[str, int | None]:
    """The index of every piece, or None if it has several."""
    indices: dict[str, int | None] = {}
    for row in rows:
        for index, piece in enumerate(row):
            if indices.setdefault(piece, index) != index:
                indices[piece] = None
    return indices


def _split(prompts: Sequence[str]) -> tuple[list[list[str]], dict[str, str]]:
    """Lines and sentences of every prompt in comparable form, and the spelling of each."""
    known: dict[str, str] = {}
    rows = []
    for prompt in prompts:
        pieces = _ENDS.split(prompt)
        for piece in pieces:
            if piece not in known:
                known[piece] = comparable(piece)
        rows.append([known[piece] for piece in pieces if known[piece]])
    return rows, {compared: piece.strip() for piece, compared in known.items()}


def _without_usual(rows: list[list[str]]) -> list[list[str]]:
    prompts_with = Counter(piece for row in rows for piece in set(row))
    usual = {piece for piece, count in prompts_with.items() if 2 * count > len(rows)}
    return [[piece for piece in row if piece not in usual] for row in rows]


def _named(
    pieces: Sequence[str], spelt: Mapping[str, str], least: int = 0
) -> Iterator[tuple[str, FieldTexts]]:
    """The long and shared pieces, if any, under the most frequent of them."""
    counts = Counter(piece for piece in pieces if len(piece) >= least and not is_short(piece))
    shared = {
        piece: count for piece, count in counts.items() if count > 1 and 2 * count <= len(pieces)
    }
    if shared:
        usual = max(shared, key=lambda piece: (shared[piece], piece))
        yield (
            spelt.get(usual, usual),
            [frozenset([piece]) if piece in shared else frozenset() for piece in pieces],
        )


def _cut(piece: str) -> str:
    return piece if len(piece) <= CHARACTERS_SHOWN else f"{piece[: CHARACTERS_SHOWN - 3]}..."
