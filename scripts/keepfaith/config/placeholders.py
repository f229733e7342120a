"""Prompt templates: literal text and {field}; nothing else of `str.format`, and what people type instead."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import NamedTuple

_ESCAPE = re.compile(r"\\([nt])")
_TEMPLATE = re.compile(r"\{\{ *([a-z][a-z0-9_]*) *\}\}")
_BRACED = re.compile(r"\{( *[A-Za-z][\w .-]*)\}")
_TOKEN = re.compile(r"\{\{|\}\}|\{([a-z][a-z0-9_]*)\}|[{}]")


class PromptPiece(NamedTuple):
    """A piece of a prompt: literal text, or the name of a field."""

    text: str
    is_field: bool


@cache
def parse(prompt: str) -> tuple[PromptPiece, ...]:
    """Split a prompt into literal pieces and fields; `{{` and `}}` are literal braces.

    Raises:
        ValueError: a single brace that does not open a field name.
    """
    pieces: list[PromptPiece] = []
    literal = ""
    end = 0
    for match in _TOKEN.finditer(prompt):
        literal += prompt[end : match.start()]
        end = match.end()
        if match.group(1):
            if literal:
                pieces.append(PromptPiece(literal, False))
            pieces.append(PromptPiece(match.group(1), True))
            literal = ""
        elif len(match.group()) == 2:
            literal += match.group()[0]
        else:
            near = prompt[match.start() : match.start() + 20]
            raise ValueError(
                f"the prompt has a single brace at {near!r}; type a field as {{name}}, a brace as {{{{ or }}}}"
                + _nested(prompt[match.start() :])
            )
    literal += prompt[end:]
    if literal:
        pieces.append(PromptPiece(literal, False))
    return tuple(pieces)


def near_miss(prompt: str, fields: Sequence[str]) -> str | None:
    """What a prompt says that its author hardly means, with the cure; None if there is nothing of the kind.

    >>> near_miss("{{text}}:", ["text"])
    "the prompt has '{{text}}', which spells those braces instead of the field; type {text}"
    """
    if match := _ESCAPE.search(prompt):
        near = prompt[match.start() : match.start() + 20]
        return (
            f"the prompt has a backslash and the letter {match[1]} at {near!r}, as "
            "YAML keeps escapes in single quotes as they are; put the prompt in double quotes, or in a block that "
            "begins with |-"
        )
    for match in _TEMPLATE.finditer(prompt):
        if match[1] in fields:
            return f"the prompt has {match[0]!r}, which spells those braces instead of the field; type {{{match[1]}}}"
    return None


def _nested(rest: str) -> str:
    """The cure for a brace that opens a column, or a name with blanks or capitals, instead of a field."""
    match = _BRACED.match(rest)
    if match is None:
        return ""
    name = re.sub(r"[^a-z0-9]+", "_", match[1].strip().lower())
    return (
        f". {match[0]} is no field name: call the field {name} in fields and prompt, and name its column by "
        f"columns: {{{name}: {match[1].strip()}}} in the source"
    )


def rendered(prompt: str, fields: Mapping[str, str]) -> str:
    """The prompt with the texts of its fields."""
    return "".join(fields[piece.text] if piece.is_field else piece.text for piece in parse(prompt))


def placeholders(prompt: str) -> list[str]:
    """The fields that a prompt names, each once, in the order of the text."""
    return list(dict.fromkeys(piece.text for piece in parse(prompt) if piece.is_field))
