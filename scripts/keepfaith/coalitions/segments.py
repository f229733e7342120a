"""Segments: at most n contiguous pieces of an example's fields, which coalitions keep or remove.

Where a text has no more words than segments are asked for, each word is one. Otherwise it is split at sentence ends,
then at clause punctuation, then evenly by words, the longest piece first. The split depends on the text alone: all
models, orders and levels have the same segments.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from keepfaith.config.spans import Span

_WITHOUT_SPACES = (
    "\u0e00-\u0e7f\u0e80-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # kana, Chinese
)
_MARKS = "\u0300-\u036f\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u102b-\u103e\u17b4-\u17d3\u3099\u309a"
_PUNCTUATION = "。！？；：，、．"  # noqa: RUF001
_WORD = re.compile(
    rf"[{_WITHOUT_SPACES}][{_MARKS}]*[{_PUNCTUATION}」』）]*"  # noqa: RUF001
    rf"|[^\s{_WITHOUT_SPACES}]+"
)
"""A run without white space; in scripts that put none between words, a character with its marks and punctuation."""

_SENTENCE = re.compile(r"[.!?…。！？．][\"'”’)\]」』）]*$")  # noqa: RUF001
_CLAUSE = re.compile(r"[,;:，；：、–—][\"'”’)\]」』）]*$")  # noqa: RUF001

NO_BREAK, CLAUSE, SENTENCE = 0, 1, 2


@dataclass(frozen=True)
class _Piece:
    """Words [first, last) of one field."""

    first: int
    last: int

    def __len__(self) -> int:
        return self.last - self.first


class SegmentError(ValueError):
    """A text cannot be cut into segments; the message says why."""


def segment(prompt: str, fields: Sequence[Span], count: int) -> list[Span]:
    """Cut the fields of a prompt into at most `count` segments.

    Args:
        prompt: the text.
        fields: characters of every field in the prompt, none of which overlap; template text lies outside them.
        count: most segments, at least the number of fields that have a word.

    Returns:
        Characters of every segment, from its first word's first to its last word's last, in the order of the text.

    Raises:
        SegmentError: no field has a word, or more fields have one than `count`.

    Examples:
        >>> text = "Review: A dull plot. But the cast, all of it, shines!"
        >>> [text[slice(*span)] for span in segment(text, [(8, 53)], 4)]
        ['A dull plot.', 'But the cast,', 'all of it,', 'shines!']
    """
    words: list[Span] = []
    pieces: list[_Piece] = []
    for start, end in sorted(fields):
        found = [match.span() for match in _WORD.finditer(prompt, start, end)]
        if found:
            pieces.append(_Piece(len(words), len(words) + len(found)))
            words += found
    if not pieces:
        raise SegmentError("its fields hold no word to remove")
    if len(pieces) > count:
        raise SegmentError(
            f"{len(pieces)} fields hold text, and faithfulness.segments is {count}; type at least {len(pieces)}"
        )
    strengths = [
        _strength(prompt[start:end]) for start, end in words
    ]  # of the break after each word
    for least in (SENTENCE, CLAUSE, NO_BREAK):
        while len(pieces) < count:
            split = _split_longest(pieces, strengths, least)
            if split is None:
                break
            pieces = split
    return [(words[piece.first][0], words[piece.last - 1][1]) for piece in pieces]


def _strength(word: str) -> int:
    if _SENTENCE.search(word):
        return SENTENCE
    return CLAUSE if _CLAUSE.search(word) else NO_BREAK


def _split_longest(
    pieces: list[_Piece], strengths: Sequence[int], least: int
) -> list[_Piece] | None:
    """Pieces with the longest that has a break of this strength split at the one nearest its middle; None if none."""
    by_length = sorted(range(len(pieces)), key=lambda number: (-len(pieces[number]), number))
    for number in by_length:
        piece = pieces[number]
        breaks = [end + 1 for end in range(piece.first, piece.last - 1) if strengths[end] >= least]
        if breaks:
            middle = (piece.first + piece.last) / 2
            at = min(breaks, key=lambda place: (abs(place - middle), place))
            halves = [_Piece(piece.first, at), _Piece(at, piece.last)]
            return [*pieces[:number], *halves, *pieces[number + 1 :]]
    return None


def remaining_text(
    prompt: str, fields: Sequence[Span], segments: Sequence[Span], coalition: int
) -> str:
    """The prompt with the segments of a coalition alone; all text outside of the fields stays.

    White space between two kept segments is that before the second, so that none is doubled and none begins or ends a
    field that did not have it there.

    Args:
        prompt, fields: as `segment`.
        segments: what `segment` returned.
        coalition: bit i is set where segment i stays.

    Examples:
        >>> text = "Review: A dull plot. Fine cast. Verdict:"
        >>> fields = [(8, 31)]
        >>> remaining_text(text, fields, segment(text, fields, 2), 0b10)
        'Review: Fine cast. Verdict:'
        >>> remaining_text(text, fields, segment(text, fields, 2), 0b00)
        'Review:  Verdict:'
    """
    kept: list[str] = []
    end_of_last = 0
    for start, end in sorted(fields):
        kept.append(prompt[end_of_last:start])
        inside = [
            (number, span)
            for number, span in enumerate(segments)
            if start <= span[0] and span[1] <= end
        ]
        if not inside:
            kept.append(prompt[start:end])
            end_of_last = end
            continue
        kept.append(prompt[start : inside[0][1][0]])
        gaps = {inside[0][0]: ""} | {
            number: prompt[before[1] : span[0]] for (_, before), (number, span) in pairwise(inside)
        }
        staying = [(number, span) for number, span in inside if coalition >> number & 1]
        for position, (number, (first, last)) in enumerate(staying):
            kept += [gaps[number] if position else "", prompt[first:last]]
        kept.append(prompt[inside[-1][1][1] : end])
        end_of_last = end
    kept.append(prompt[end_of_last:])
    return "".join(kept)
