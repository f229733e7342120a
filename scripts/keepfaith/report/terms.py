"""Words of the glossary as links to their meaning."""

import re

from markupsafe import Markup, escape

from keepfaith.report.glossary import GLOSSARY

_EVERYWHERE = ("Level", "Interval")
"""Entries whose words stand in every caption: a link in each would say nothing."""

_COMMON = ("kept", "chance")
"""Words of entries that captions also use in their everyday sense: tokens that are kept, found by chance."""


def anchor_of(term: str) -> str:
    """Id of the glossary's entry `term`.

    >>> anchor_of("Brier score, NLL")
    'term-brier-score-nll'
    """
    return "term-" + re.sub(r"[^a-z0-9]+", "-", term.lower()).strip("-")


def _words() -> dict[str, str]:
    """The word or words of each entry in small letters, with the entry's id; the first entry of a word counts."""
    found: dict[str, str] = {}
    for term, _ in GLOSSARY:
        if term not in _EVERYWHERE:
            for word in re.sub(r"\(.*?\)", "", term).lower().split(","):
                if word.strip() not in _COMMON:
                    found.setdefault(word.strip(), anchor_of(term))
    return found


_WORDS = _words()
_LONGEST_FIRST = sorted(_WORDS, key=len, reverse=True)
_ANY = re.compile(rf"\b({'|'.join(map(re.escape, _LONGEST_FIRST))})\b", re.IGNORECASE)


def linked(text: str) -> Markup:
    """`text`, escaped, with a link at the first word of each entry of the glossary.

    >>> str(linked("ECE < 1, and ECE again"))
    '<a class="term" href="#term-ece">ECE</a> &lt; 1, and ECE again'
    """
    parts: list[Markup] = []
    seen: set[str] = set()
    end = 0
    for match in _ANY.finditer(text):
        anchor = _WORDS[match[1].lower()]
        if anchor in seen:
            continue
        seen.add(anchor)
        parts.append(escape(text[end : match.start()]))
        parts.append(Markup('<a class="term" href="#{}">{}</a>').format(anchor, match[1]))
        end = match.end()
    return Markup("").join([*parts, escape(text[end:])])
