"""Characters of a text that each of its tokens stands for, computed alike for all kinds of tokenizers.

Tokenizers differ in whether the space before a word belongs to the word's token, and in the offsets they report:
byte-level ones may trim the space from the offsets; SentencePiece ones add a first space and give it the offsets of
the text's first character. Normalisation drops marks and control characters, so these belong to no token.
"""

from collections.abc import Callable, Iterable, Sequence
from unicodedata import category

from keepfaith.config.spans import Span

Joins = Callable[[str, str], bool]
"""(end of a text, next character) -> whether a tokenizer composes them into one letter."""

UNSEEN = ("Cc", "Cf", "Mn")
"""Unicode categories that a tokenizer may drop: control, format, and marks that combine with the one before."""

METASPACE = "▁"
"""SentencePiece's sign for a space."""

SPACES = f"{METASPACE}Ġ"
"""Signs for a space in tokens: SentencePiece's, and that of byte-level tokenizers."""


def covered_characters(
    text: str,
    pieces: Sequence[str],
    offsets: Sequence[Span],
    joins: Joins = lambda before, character: False,
) -> list[Span]:
    """The characters that are removed together with a token.

    A token owns the spaces that it spells, also if the tokenizer trims them from its offsets, and the characters that
    the tokenizer drops right after it or joins to it: for a letter typed as several characters and composed by the
    tokenizer (Korean, vowel signs of Indic scripts), the offsets contain only the first. A space that the tokenizer
    added covers nothing.

    Args:
        text: the encoded text.
        pieces: the tokens in the vocabulary's own spelling.
        offsets: the tokenizer's own, one per token.
        joins: called for characters that are in no token.

    Returns:
        One span per token; tokens that share a character have equal spans.
    """
    spans: list[Span] = []
    taken = 0
    starts = [start for start, _ in offsets]
    for number, (piece, (start, end)) in enumerate(zip(pieces, offsets, strict=True)):
        following = starts[number + 1] if number + 1 < len(starts) else len(text)
        if _is_added(text, piece, (start, end), following):
            spans.append((start, start))
            continue
        start, end = _with_trimmed_spaces(text, piece, (start, end), taken, following)
        spans.append((start, end))
        if start < end < following:
            end = _extend(text, spans, following, joins)
        taken = max(taken, end)
    return spans


def _extend(text: str, spans: list[Span], following: int, joins: Joins) -> int:
    """Extend the last span, and those of tokens that share its last character, by characters dropped or joined.

    Returns its new end.
    """
    start, before = spans[-1]
    end = before
    while end < following and not text[end].isspace():
        if not _is_dropped(text[end]) and not joins(text[start:end], text[end]):
            break
        end += 1
    if end == before:
        return end
    for number in reversed(range(len(spans))):
        start, last = spans[number]
        if start == last or last != before:
            break
        spans[number] = (start, end)
    return end


def visible_characters(text: str, characters: Iterable[Span]) -> list[Span]:
    """The spans of `covered_characters` without surrounding spaces; a span of spaces only is unchanged."""
    spans = []
    for start, end in characters:
        inside = text[start:end]
        stripped = inside.strip()
        if stripped and len(stripped) < len(inside):
            start += len(inside) - len(inside.lstrip())
            end = start + len(stripped)
        spans.append((start, end))
    return spans


def without(text: str, removed: Iterable[Span], kept: Iterable[Span]) -> str:
    """`text` without the characters of `removed`, except those that are in `kept` too."""
    gone = mask(len(text), removed)
    for start, end in kept:
        gone[start:end] = bytes(end - start)
    return "".join(character for character, leaves in zip(text, gone, strict=True) if not leaves)


def mask(length: int, spans: Iterable[Span]) -> bytearray:
    """1 at every character in a span, else 0."""
    found = bytearray(length)
    for start, end in spans:
        found[start:end] = b"\1" * (end - start)
    return found


def first_dropped(text: str, offsets: Iterable[Span]) -> int | None:
    """Index of the first visible character that is in no token, or None."""
    inside = mask(len(text), offsets)
    for index, character in enumerate(text):
        if not inside[index] and is_visible(character):
            return index
    return None


def is_visible(character: str) -> bool:
    """Whether it is neither white space nor of a category that a tokenizer may drop."""
    return not character.isspace() and category(character) not in UNSEEN


def _is_added(text: str, piece: str, span: Span, following: int) -> bool:
    """Whether a token is a space that the text does not have: its character is the next token's, or no space."""
    start, end = span
    if not piece or piece.strip(SPACES + " "):
        return False
    return following < end or any(
        not character.isspace() and character not in SPACES for character in text[start:end]
    )


def _with_trimmed_spaces(text: str, piece: str, span: Span, taken: int, following: int) -> Span:
    """A token's characters, with the spaces on either side that it spells and no other token has."""
    start, end = span
    if piece[:1] not in SPACES and piece[-1:] not in SPACES:
        return span
    inside = text[start:end]
    missing = (len(piece) - len(piece.lstrip(SPACES))) - (len(inside) - len(inside.lstrip()))
    while missing > 0 and start > taken and text[start - 1].isspace():
        start, missing = start - 1, missing - 1
    if piece.strip(SPACES):
        missing = (len(piece) - len(piece.rstrip(SPACES))) - (len(inside) - len(inside.rstrip()))
        while missing > 0 and end < following and text[end].isspace():
            end, missing = end + 1, missing - 1
    return start, end


def _is_dropped(character: str) -> bool:
    return not character.isspace() and category(character) in UNSEEN
