"""Values of a figure's points as titles in its SVG: browsers show them at the pointer, without a script."""

import re
from collections.abc import Iterator, Sequence
from math import isfinite
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

_ID = "points-{}"
_USE = re.compile(r"<use ([^<>]*)/>")
_UNMARKED = ("None", "none", "", " ", None)
_SAID = "_\x1f"
"""Before the words of a mark, in its label, which a legend leaves out as it begins with `_`."""


def marked_points(figure: "Figure") -> list[list[str]]:
    """Words for every point of every series with markers; each series gets an id, by which `with_titles` finds it."""
    found: list[list[str]] = []
    for panel in figure.axes:
        for series in _series(panel):
            series.set_gid(_ID.format(len(found)))
            found.append(list(_words(panel, series)))
    return found


def with_titles(document: str, points: Sequence[Sequence[str]]) -> str:
    """The SVG `document` with a title in every marker.

    A series of which not every point was drawn, as some lie outside of its panel, has none: nothing says which are
    missing.

    Args:
        document: as Matplotlib wrote it after `marked_points`.
        points: what `marked_points` returned.
    """
    for number, words in enumerate(points):
        start = document.find(f'<g id="{_ID.format(number)}">')
        if start < 0:
            continue
        end = document.find('<g id="', start + 1)
        end = len(document) if end < 0 else end
        group = document[start:end]
        if len(_USE.findall(group)) != len(words):
            continue
        titles = iter(words)
        group = _USE.sub(
            lambda use: f"<use {use[1]}><title>{escape(next(titles))}</title></use>",  # noqa: B023
            group,
        )
        document = document[:start] + group + document[end:]
    return document


def _series(panel: "Axes") -> Iterator[Any]:
    yield from (line for line in panel.lines if line.get_marker() not in _UNMARKED)


def say(mark: Any, words: str) -> None:
    """Give a series of one point these words, where its place on the axes does not say what it is."""
    mark.set_label(_SAID + words)


def _words(panel: "Axes", series: Any) -> Iterator[str]:
    """`LIME at 3: 0.524` for each point with finite coordinates; a series without a name has its panel's."""
    label = str(series.get_label())
    if label.startswith(_SAID):
        yield label.removeprefix(_SAID)
        return
    if label.startswith("_"):
        label = panel.get_title(loc="left") or panel.get_title(loc="center")
    place = " ".join(label.split())
    data = series.get_xdata(orig=False), series.get_ydata(orig=False)
    for x, y in zip(*(map(float, values) for values in data), strict=True):
        if isfinite(x) and isfinite(y):
            at, value = _read(panel.xaxis, x), _read(panel.yaxis, y)
            yield f"{place} at {at}: {value}" if place else f"{at}: {value}"


def _read(axis: "Axis", value: float) -> str:
    """A number, or the name of the row or column."""
    from matplotlib.ticker import ScalarFormatter

    formatter = axis.get_major_formatter()
    if isinstance(formatter, ScalarFormatter):
        return f"{value:.4g}"
    # Of the formatter, as labels of inner panels that share an axis are not drawn.
    ticks = list(axis.get_ticklocs())
    names = dict(zip(ticks, formatter.format_ticks(ticks), strict=True))
    return names.get(value) or f"{value:.4g}"
