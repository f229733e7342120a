"""References: which works a citation of a declaration or of the catalog means, as BibTeX."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("references.bib")
"""The works that declarations and the shipped catalog cite."""

_ENTRY = re.compile(
    r"^@(?P<kind>\w+)\{(?P<key>[a-z]+)(?P<year>\d{4}), (?P<fields>.+)\}$", re.MULTILINE
)
_FIELD = re.compile(r"(?P<name>\w+) = \{(?P<value>(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)\}")
_ARXIV = re.compile(r"arXiv:(\d{4}\.\d{4,5})")
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_WORD = re.compile(r"[^\W\d_]+")
_SOFTWARE = {"gao2024": "lm-evaluation-harness", "pedregosa2011": "scikit-learn"}
"""Works that citations name by their software, without a year."""
_SPECIAL = re.compile(r"([&%$#_{}])")


@dataclass(frozen=True)
class Reference:
    """One work.

    Attributes:
        key: by which a text cites it: the first author's name and the year.
        kind: type of its BibTeX entry.
        fields: of that entry, in order.
    """

    key: str
    kind: str
    fields: tuple[tuple[str, str], ...]

    def entry(self) -> str:
        """Its BibTeX entry, a field per line."""
        lines = "".join(f"  {name} = {{{value}}},\n" for name, value in self.fields)
        return f"@{self.kind}{{{self.key},\n{lines}}}\n"


@cache
def library() -> dict[str, Reference]:
    """All works of the file, by key."""
    found = {}
    for match in _ENTRY.finditer(FILE.read_text(encoding="utf-8")):
        fields = tuple((f["name"], f["value"]) for f in _FIELD.finditer(match["fields"]))
        key = match["key"] + match["year"]
        found[key] = Reference(key, match["kind"], fields)
    return found


def references_of(citation: str) -> tuple[Reference, ...]:
    """The works that a citation names, by an arXiv number or by first author and year; in order of their keys.

    A work that is not in the library becomes an entry that quotes the citation. A citation without a year names none.

    Example:
        >>> [work.key for work in references_of("Naeini et al. 2015; Guo et al. 2017")]
        ['guo2017', 'naeini2015']
        >>> references_of("independent uniform draws")
        ()
    """
    numbers, years = set(_ARXIV.findall(citation)), set(_YEAR.findall(citation))
    names = {_plain(word) for word in _WORD.findall(citation) if word[0].isupper()}
    found = {
        key: work
        for key, work in library().items()
        if dict(work.fields).get("eprint") in numbers
        or (dict(work.fields)["year"] in years and key[:-4] in names)
        or (key in _SOFTWARE and _SOFTWARE[key] in citation)
    }
    if not found and years:
        quoted = _quoting(citation, min(years))
        return (quoted,)
    return tuple(found[key] for key in sorted(found))


def bibliography(citations: Iterable[str]) -> str:
    """A .bib file with every work that these citations name, once, in order of the keys."""
    works = {work.key: work for citation in citations for work in references_of(citation)}
    return "\n".join(works[key].entry() for key in sorted(works))


def _quoting(citation: str, year: str) -> Reference:
    words = [_plain(word) for word in _WORD.findall(citation)]
    note = _SPECIAL.sub(r"\\\1", citation)
    return Reference("".join(words[:2]) + year, "misc", (("note", note), ("year", year)))


def _plain(word: str) -> str:
    """A name in ASCII and lower case, as in keys."""
    parts = unicodedata.normalize("NFKD", word.replace("ł", "l").replace("Ł", "L"))
    return parts.encode("ascii", "ignore").decode().lower()
