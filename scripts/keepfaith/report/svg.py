"""Preparation of a saved SVG for a page with others: unique ids, no page-wide style, short numbers."""

import re
from collections.abc import Callable
from html import escape

from markupsafe import Markup

_SPARE = re.compile(r"<metadata>.*?</metadata>|<style[^>]*>.*?</style>|<!--.*?-->", re.DOTALL)
_ID = re.compile(r'\bid="([^"]+)"')
_REFERENCE = re.compile(r'(url\(#|href="#)([^")]+)')
_PATH = re.compile(r'\b(d|x|y)="([^"]*)"')
_DIGITS = re.compile(r"(\.\d{2})\d+")


def inline_svg(document: str, prefix: str, label: str) -> Markup:
    """The `svg` element of a document written by matplotlib.

    Every id gets `prefix`, so that a marker or clip path of one figure never replaces another's, and is kept once:
    Matplotlib names an image after its contents, which two panels may have in common. Path
    coordinates keep two decimals of a point. Matplotlib's `* {...}` rule, which would style the whole page, is
    dropped: the page's style sheet repeats it for figures only.

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
    body = _ID.sub(_prefixed(prefix), body)
    body = _REFERENCE.sub(lambda match: f"{match[1]}{prefix}-{match[2]}", body)
    # Verdana shares its widths with DejaVu Sans, which is missing on most desktops.
    body = body.replace("'DejaVu Sans', sans-serif", "'DejaVu Sans', Verdana, sans-serif").strip()
    return Markup(body.replace("<svg", f'<svg role="img" aria-label="{escape(label)}"', 1))


def _prefixed(prefix: str) -> Callable[[re.Match[str]], str]:
    seen: set[str] = set()

    def named(match: re.Match[str]) -> str:
        if match[1] in seen:
            return ""
        seen.add(match[1])
        return f'id="{prefix}-{match[1]}"'

    return named


def width_in_points(document: str) -> float:
    """Width of a document written by matplotlib, in points."""
    found = re.search(r'<svg[^>]*\bwidth="([0-9.]+)pt"', document)
    if found is None:
        raise ValueError("not an SVG document of known width in points")
    return float(found[1])


def _shortened(attribute: re.Match[str]) -> str:
    return _DIGITS.sub(r"\1", attribute[0])
