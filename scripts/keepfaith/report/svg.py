"""Preparation of a saved SVG for a page with others: unique ids, no page-wide style, short numbers."""

import re
from html import escape

from markupsafe import Markup

_SPARE = re.compile(r"<metadata>.*?</metadata>|<style[^>]*>.*?</style>|<!--.*?-->", re.DOTALL)
_ID = re.compile(r'\s+id="([^"]+)"')
_REFERENCE = re.compile(r'(url\(#|href="#)([^")]+)')
_GROUP_OF_MARKERS = re.compile(
    r"<g((?: clip-path=\"[^\"]*\")?)>(\s*(?:<use [^<>]*(?:/>|><title>[^<]*</title></use>)\s*)+)</g>"
)
_STYLE = re.compile(r' style="([^"]*)"')
_BETWEEN = re.compile(r">\s+<")
_PATH = re.compile(r'\b(d|x|y)="([^"]*)"')
_DIGITS = re.compile(r"(\.\d)\d+")


def inline_svg(document: str, prefix: str, label: str) -> Markup:
    """The `svg` element of a document written by matplotlib.

    Every id that something refers to becomes `prefix` and a number, so that a marker or clip path of one figure never
    replaces another's; the others go. Matplotlib names an image after its contents, which two panels may have in
    common: the first has the id. Coordinates keep one decimal of a point. Markers of one series get their style
    from their group. Matplotlib's `* {...}` rule, which would style the whole page, is dropped: the page's style sheet
    repeats it for figures only.

    Args:
        document: the SVG file's text.
        prefix: unique on the page; letters, digits, `-` and `_`.
        label: name of the image for screen readers.
    """
    start = document.find("<svg")
    if start < 0:
        raise ValueError("not an SVG document: it has no svg element")
    body = _SPARE.sub("", document[start:])
    body = _PATH.sub(_shortened, body)
    body = _short_ids(body, prefix)
    body = _GROUP_OF_MARKERS.sub(_styled_once, body)
    body = _BETWEEN.sub(">\n<", body)
    # Verdana shares its widths with DejaVu Sans, which is missing on most desktops.
    body = body.replace("'DejaVu Sans', sans-serif", "'DejaVu Sans', Verdana, sans-serif").strip()
    return Markup(body.replace("<svg", f'<svg role="img" aria-label="{escape(label)}"', 1))


def _short_ids(body: str, prefix: str) -> str:
    """Ids that are referred to, numbered; no others."""
    used = dict.fromkeys(match[2] for match in _REFERENCE.finditer(body))
    names = {name: f"{prefix}-{number}" for number, name in enumerate(used)}
    seen: set[str] = set()

    def named(match: re.Match[str]) -> str:
        if match[1] not in names or match[1] in seen:
            return ""
        seen.add(match[1])
        return f' id="{names[match[1]]}"'

    body = _ID.sub(named, body)
    return _REFERENCE.sub(lambda match: f"{match[1]}{names[match[2]]}", body)


def _styled_once(group: re.Match[str]) -> str:
    """A group of markers with the style that they all have."""
    styles = set(_STYLE.findall(group[2]))
    if len(styles) != 1 or len(_STYLE.findall(group[2])) != group[2].count("<use "):
        return group[0]
    (style,) = styles
    return f'<g{group[1]} style="{style}">{_STYLE.sub("", group[2])}</g>'


def width_in_points(document: str) -> float:
    """Width of a document written by matplotlib, in points."""
    found = re.search(r'<svg[^>]*\bwidth="([0-9.]+)pt"', document)
    if found is None:
        raise ValueError("not an SVG document of known width in points")
    return float(found[1])


def _shortened(attribute: re.Match[str]) -> str:
    return _DIGITS.sub(r"\1", attribute[0])
