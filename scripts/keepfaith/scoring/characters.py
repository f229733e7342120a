"""The characters of a text that each of its tokens stands for, alike for all kinds of tokenizers.

Tokenizers differ in whether the space before a word belongs to the word's token, and in what they report of it:
byte-level ones may trim it from the offsets, SentencePiece ones put a first space that the text does not have on the
text's first character. Normalisation drops marks and control characters, so that they belong to no token.
"""

from collections.abc import Callable, Iterable, Sequence
from unicodedata import category

from keepfaith.config.spans import Span

Joins = Callable[[str, str], bool]
"""Whether a tokenizer makes one letter of the end of a text and the character behind it."""

UNSEEN = ("Cc", "Cf", "Mn")
"""Kinds of characters that a tokenizer may drop: control, format, and marks that combine with the one before."""

METASPACE = "▁"
"""SentencePiece's sign for a space."""

SPACES = f"{METASPACE}Ġ"
"""How tokens spell a space: SentencePiece's sign, and that of byte-level tokenizers."""


def covered_characters(
    text: str,
    pieces: Sequence[str],
    offsets: Sequence[Span],
    joins: Joins = lambda before, character: False,
) -> list[Span]:
    """The characters that go when a token goes.

    The spaces that a token spells are its own, also where the tokenizer trims them from its offsets; so is what the
    tokenizer drops right after it, or joins to it: of a letter that is typed as several characters and composed by the
    tokenizer (Korean, vowel signs of Indic scripts) the offsets name the first alone. A space that the tokenizer put in
    by itself covers nothing.

    Args:
        text: the encoded text.
        pieces: the tokens in the vocabulary's own spelling.
        offsets: the tokenizer's own, one per token.
        joins: asked about characters that are in no token.

    Returns:
        One span per token; those of several tokens are equal where they share a character.
    """
    spans: list[Span] = []
    taken = 0
    starts = [start for start, _ in offsets]
    for number, (piece, (start, end)) in enumerate(zip(pieces, offsets, strict=True)):
        following = starts[number + 1] if number + 1 < len(starts) else len(text)
        if _is_put_in(text, piece, (start, end), following):
            spans.append((start, start))
            continue
        start, end = _with_trimmed_spaces(text, piece, (start, end), taken, following)
        spans.append((start, end))
        if start < end < following:
            end = _extend(text, spans, following, joins)
        taken = max(taken, end)
    return spans


def _extend(text: str, spans: list[Span], following: int, joins: Joins) -> int:
    """Give what is dropped after the last span, or joined to it, to it and to the tokens that share its last character.

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
    """The spans of `covered_characters` without the spaces around them; of spaces alone, as they are."""
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
    """`text` without the characters of `removed`, except those that `kept` needs whole."""
    gone = mask(len(text), removed)
    for start, end in kept:
        gone[start:end] = bytes(end - start)
    return "".join(character for character, leaves in zip(text, gone, strict=True) if not leaves)


def mask(length: int, spans: Iterable[Span]) -> bytearray:
    """1 at every character that lies in a span, else 0."""
    found = bytearray(length)
    for start, end in spans:
        found[start:end] = b"\1" * (end - start)
    return found


def first_dropped(text: str, offsets: Iterable[Span]) -> int | None:
    """Index of the first character that can be seen and is in no token, or None."""
    inside = mask(len(text), offsets)
    for index, character in enumerate(text):
        if not inside[index] and is_visible(character):
            return index
    return None


def is_visible(character: str) -> bool:
    """Whether it can be seen: no white space, and none of the kinds that a tokenizer may drop."""
    return not character.isspace() and category(character) not in UNSEEN


def _is_put_in(text: str, piece: str, span: Span, following: int) -> bool:
    """Whether a token is a space that the text does not have: its character is the next token's, or no space."""
    start, end = span
    if not piece or piece.strip(SPACES + " "):
        return False
    return following < end or any(
        not character.isspace() and character not in SPACES for character in text[start:end]
    )


def _with_trimmed_spaces(text: str, piece: str, span: Span, taken: int, following: int) -> Span:
    """A token's characters with as many spaces on either side as it spells and no other token has."""
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
