"""Generated example with its evidence and posterior, and assembly of a text from marked pieces."""

from collections.abc import Iterable
from dataclasses import dataclass

from keepfaith.config.spans import Spans


@dataclass(frozen=True)
class BuiltinExample:
    """One example of a built-in task, with evidence and posterior, which are unknown for real text.

    `choices` have no leading space. `posterior[c]` is the exact probability that choice `c` is the
    label given the visible text; `label` was drawn from it. `evidence` holds, per field, the spans
    that the posterior depends on; a field without evidence has no entry.
    """

    id: str
    fields: dict[str, str]
    choices: tuple[str, ...]
    label: int
    evidence: dict[str, Spans]
    posterior: tuple[float, ...]


@dataclass(frozen=True)
class Draft:
    """An example before its label is drawn. `fields` starts with the field that must be unique."""

    fields: dict[str, str]
    choices: tuple[str, ...]
    evidence: dict[str, Spans]
    posterior: tuple[float, ...]

    @property
    def text(self) -> str:
        """The main field, which decides the split."""
        return next(iter(self.fields.values()))


def assemble(pieces: Iterable[tuple[str, bool]]) -> tuple[str, Spans]:
    """Join (piece, is evidence) pairs; return the text and the spans of the evidence pieces."""
    text = ""
    spans: list[tuple[int, int]] = []
    for piece, is_evidence in pieces:
        if is_evidence:
            spans.append((len(text), len(text) + len(piece)))
        text += piece
    return text, tuple(spans)


def capitalised(clause: str) -> str:
    """The clause with a capital first letter; its length is unchanged, so spans stay valid."""
    return clause[:1].upper() + clause[1:]
