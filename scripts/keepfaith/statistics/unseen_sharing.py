"""What examples share although no field says so: texts outside the prompt, and pieces of the prompts themselves.

Nothing of this groups examples. It is counted so that a reader can be told, and can say what is a passage.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

import polars as pl

from keepfaith.config.passages import comparable, is_short
from keepfaith.statistics.shared_texts import FieldTexts, cluster_numbers, long_and_unusual

MATERIAL = 0.9
"""Fewer texts than this share of those that were counted are worth a word: they widen an interval by a twentieth."""

SIZES_NAMED = 3
"""Texts or pieces that a note names."""

CHARACTERS_SHOWN = 40
"""Characters of a piece that a note shows."""

_DEPTH = 40
"""Pieces of a prompt that are compared, counted from its start and from its end."""

_BEGINNING = 80
"""Characters of a common beginning, behind what most prompts share: several words, yet no question of an exam."""

_ENDS = re.compile("\n+|(?<=[.!?])\\s+|(?<=[\u3002\uff01\uff1f])")
"""Line ends, and where a sentence ends."""


def sharing_notes(
    examples: pl.DataFrame,
    prompts: Sequence[str],
    outside: Mapping[str, FieldTexts],
    clusters: int,
    grouped: str | None,
) -> list[str]:
    """Sentences on texts that would leave markedly fewer clusters than were counted, none where there are none.

    Args:
        examples: EXAMPLES that were grouped.
        prompts: what links them in any case, by example.
        outside: texts of the documents that do not stand in the prompt.
        clusters: how many clusters the grouping gave.
        grouped: the field that gave them, if any did.
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
            f"{clusters} independent texts were counted; examples also share what stands in {named} of their logged "
            "documents, which would leave so many. It is not in the prompts letter by letter, so it groups nothing: if "
            f"it is a passage, type passage: and that key; {settled}."
        )
    if pieces := _fewer(_slots(examples["prompt"].to_list()), prompts, clusters):
        named = ", ".join(f'"{_cut(piece)}" ({count})' for piece, count in pieces)
        notes.append(
            f"{clusters} independent texts were counted; prompts also share pieces, such as {named}: grouped by what "
            "stands in that place, so many would be left. If that is a passage, give it a field of its own (in a log: "
            f"a key of doc) and name it as passage:; {settled}."
        )
    return notes


def _fewer(
    groups: Iterable[tuple[str, FieldTexts]], prompts: Sequence[str], clusters: int
) -> list[tuple[str, int]]:
    """Names and numbers of clusters of what would leave few enough, the smallest first, one name per number."""
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

    Indices are counted from the start or from the end, without the pieces that most prompts hold (an instruction,
    examples that are always the same). A piece that stands now at this index, now at that, is no passage: solved
    examples that are drawn for every prompt do.
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
    """The index of every piece, or None where it has several."""
    indices: dict[str, int | None] = {}
    for row in rows:
        for index, piece in enumerate(row):
            if indices.setdefault(piece, index) != index:
                indices[piece] = None
    return indices


def _split(prompts: Sequence[str]) -> tuple[list[list[str]], dict[str, str]]:
    """Lines and sentences of every prompt, as texts are compared; and how each of them is spelt."""
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
    """The pieces that are long and shared, if there are any, under the most frequent of them."""
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
