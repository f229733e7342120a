"""Prompt templates: literal text and {field}; nothing else of `str.format`."""

import re
from functools import cache
from typing import NamedTuple

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
            )
    literal += prompt[end:]
    if literal:
        pieces.append(PromptPiece(literal, False))
    return tuple(pieces)


def placeholders(prompt: str) -> list[str]:
    """The fields that a prompt names, each once, in the order of the text."""
    return list(dict.fromkeys(piece.text for piece in parse(prompt) if piece.is_field))
