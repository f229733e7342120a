"""Rendering of a prompt template, with the character spans of its fields."""

from collections.abc import Mapping
from typing import NamedTuple

from keepfaith.config.placeholders import parse


class FieldSpan(NamedTuple):
    """The characters of a field's text in a prompt, end excluded."""

    name: str
    start: int
    end: int


class Prompt(NamedTuple):
    """A prompt and its fields, in the order of the text; all other characters are the template's."""

    text: str
    fields: tuple[FieldSpan, ...]

    def after(self, text: str) -> "Prompt":
        """The prompt with a text before it, which belongs to no field."""
        moved = (FieldSpan(s.name, s.start + len(text), s.end + len(text)) for s in self.fields)
        return Prompt(text + self.text, tuple(moved))


def render_prompt(template: str, fields: Mapping[str, str], cut_end: bool = True) -> Prompt:
    """Insert field texts into a template unchanged: braces in them have no meaning.

    Field text is not stripped. With `cut_end`, white space at the end of the prompt is removed, also from the span of a
    field that ends there: a tokenizer would merge it with the choice, which follows after one space.

    Raises:
        KeyError: a field that the template names is not given.
    """
    text = ""
    spans = []
    for piece in parse(template):
        if piece.is_field:
            spans.append(FieldSpan(piece.text, len(text), len(text) + len(fields[piece.text])))
        text += fields[piece.text] if piece.is_field else piece.text
    if cut_end:
        text = text.rstrip()
    end = len(text)
    return Prompt(text, tuple(FieldSpan(s.name, min(s.start, end), min(s.end, end)) for s in spans))
