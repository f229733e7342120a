"""Pieces of a prompt with token scores and the rationale, for highlighted text."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from keepfaith.config.spans import Span


@dataclass(frozen=True)
class HighlightedText:
    """Text of one token (or of several that share characters), or text of no token (`score` None).

    `strength` is the score over the largest absolute score of the prompt, in -1..1.
    """

    text: str
    score: float | None
    strength: float
    rationale: bool


def highlighted(
    prompt: str, spans: Sequence[Span], scores: Sequence[float], rationale: Sequence[Span]
) -> list[HighlightedText]:
    """Cut `prompt` at token and rationale boundaries; the texts of all pieces join to the prompt.

    Tokens of a byte-level tokenizer can share a character; such tokens become one piece with their summed score.
    The score of a token without characters is not shown.

    Args:
        prompt: the whole prompt.
        spans: characters of every token, half-open, in order.
        scores: one score per token.
        rationale: characters of the known rationale, half-open.
    """
    largest = max((abs(score) for score in scores), default=0.0) or 1.0
    found: list[HighlightedText] = []
    index = 0
    for (start, end), score in _merged(spans, scores):
        found += _cut(prompt, (index, start), None, largest, rationale)
        found += _cut(prompt, (start, end), score, largest, rationale)
        index = end
    return found + _cut(prompt, (index, len(prompt)), None, largest, rationale)


def _merged(spans: Sequence[Span], scores: Sequence[float]) -> list[tuple[Span, float]]:
    merged: list[tuple[Span, float]] = []
    for (start, end), score in sorted(zip(spans, scores, strict=True), key=lambda item: item[0]):
        if start == end:
            continue
        if merged and start < merged[-1][0][1]:
            (first, last), before = merged[-1]
            merged[-1] = ((first, max(last, end)), before + score)
        else:
            merged.append(((start, end), score))
    return merged


def _cut(
    prompt: str, span: Span, score: float | None, largest: float, rationale: Sequence[Span]
) -> list[HighlightedText]:
    start, end = span
    edges = {edge for bounds in rationale for edge in bounds if start < edge < end}
    cuts = [start, *sorted(edges), end]
    strength = 0.0 if score is None else max(-1.0, min(1.0, score / largest))
    return [
        HighlightedText(
            prompt[a:b], score, strength, any(low <= a and b <= high for low, high in rationale)
        )
        for a, b in pairwise(cuts)
        if a < b
    ]
