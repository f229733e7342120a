"""Generated example with its rationale and posterior, and assembly of a text from marked pieces."""

from collections.abc import Iterable
from dataclasses import dataclass

from keepfaith.config.spans import Spans


@dataclass(frozen=True)
class BuiltinExample:
    """One example of a built-in task, with rationale and posterior, which are unknown for real text.

    `choices` have no leading space. `posterior[c]` is the exact probability that choice `c` is the
    label given the visible text; `label` was drawn from it. `rationale` holds, per field, the spans
    that the posterior depends on; a field without rationale has no entry.
    """

    id: str
    fields: dict[str, str]
    choices: tuple[str, ...]
    label: int
    rationale: dict[str, Spans]
    posterior: tuple[float, ...]


@dataclass(frozen=True)
class Draft:
    """An example before its label is drawn. `fields` starts with the field that must be unique."""

    fields: dict[str, str]
    choices: tuple[str, ...]
    rationale: dict[str, Spans]
    posterior: tuple[float, ...]

    @property
    def text(self) -> str:
        """The main field, which decides the split."""
        return next(iter(self.fields.values()))


def assemble(pieces: Iterable[tuple[str, bool]]) -> tuple[str, Spans]:
    """Join (piece, is rationale) pairs; return the text and the spans of the rationale pieces."""
    text = ""
    spans: list[tuple[int, int]] = []
    for piece, is_rationale in pieces:
        if is_rationale:
            spans.append((len(text), len(text) + len(piece)))
        text += piece
    return text, tuple(spans)


def capitalised(clause: str) -> str:
    """The clause with a capital first letter; its length is unchanged, so spans stay valid."""
    return clause[:1].upper() + clause[1:]
