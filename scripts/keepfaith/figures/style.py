"""Common style of all figures, and their files, with the same bytes for the same data.

Colours are Okabe and Ito's set (https://jfly.uni-koeln.de/color/), distinguishable with any common form of
colour blindness; every colour has its own marker, so that no information is in the colour alone.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keepfaith.artifacts.atomic import replacing
from keepfaith.figures.hover import marked_points, with_titles
from keepfaith.figures.paper import Paper, fitted, printed, scale

if TYPE_CHECKING:  # Matplotlib is imported inside functions: see `plugins.cell_figure`
    from matplotlib.axes import Axes
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.figure import Figure

BLACK = "#1a1a1a"
GREY = "#6b6b6b"
LIGHT_GREY = "#d4d4d4"
BLUE = "#0072b2"
VERMILLION = "#d55e00"
GREEN = "#009e73"
PURPLE = "#aa4499"
ORANGE = "#e69f00"
SKY = "#56b4e9"

# Any: matplotlib types the keys as a literal of all its parameters.
SETTINGS: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # ships with matplotlib: the same text widths everywhere
    "font.size": 9,
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 9,
    "axes.edgecolor": GREY,
    "axes.labelcolor": BLACK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": "#e9e9e9",
    "grid.linewidth": 0.7,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": BLACK,
    "ytick.labelcolor": BLACK,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "text.color": BLACK,
    "legend.fontsize": 8.5,
    "legend.frameon": False,
    "legend.handlelength": 2.2,
    "legend.columnspacing": 1.6,
    "lines.linewidth": 1.6,
    "lines.markersize": 5,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "figure.dpi": 200,  # as saved, so that text has the same width in the layout and in the drawing
    "savefig.dpi": 200,
    "svg.fonttype": "none",  # text stays text: small, searchable, read aloud
    "svg.hashsalt": "keepfaith",
    "pdf.fonttype": 42,
}

_IN_POINTS = (
    "font.size", "axes.titlesize", "axes.labelsize", "xtick.labelsize", "ytick.labelsize", "legend.fontsize",
    "lines.linewidth", "lines.markersize", "axes.linewidth", "grid.linewidth", "axes.titlepad", "axes.labelpad",
    "xtick.major.size", "ytick.major.size", "xtick.major.pad", "ytick.major.pad",
)  # fmt: skip
"""Settings that become smaller on paper."""

# No date, so that equal runs write equal bytes.
_METADATA: dict[str, dict[str, str | None]] = {
    "svg": {"Date": None, "Creator": "keepfaith"},
    "pdf": {"CreationDate": None, "Creator": "keepfaith"},
    "png": {"Software": "keepfaith"},
}


@dataclass(frozen=True)
class Stroke:
    """Colour and marker of one series, the same in every figure; a hollow marker is white inside."""

    colour: str
    marker: str
    hollow: bool = False

    @property
    def face(self) -> str:
        """Colour inside the marker."""
        return "white" if self.hollow else self.colour

    @property
    def line(self) -> dict[str, Any]:
        """What `plot` needs to draw a line of this series."""
        return {"color": self.colour, "marker": self.marker, "markerfacecolor": self.face}

    def points(self, joined: bool) -> dict[str, Any]:
        """The same, without a line between points that are not joined."""
        return self.line if joined else {**self.line, "linestyle": "none"}


_METHODS = {
    "kernelshap": Stroke(BLUE, "o"),
    "lime": Stroke(VERMILLION, "s"),
    "input_x_gradient": Stroke(GREEN, "^"),
}
_CONTROLS = ("x", "+", "1", "2")
_SPARE = (Stroke(PURPLE, "D"), Stroke(ORANGE, "v"), Stroke(SKY, "P"), Stroke(BLACK, "*"))
_SERIES = (*(_METHODS[name] for name in ("kernelshap", "lime", "input_x_gradient")), *_SPARE)


def method_strokes(methods: Sequence[str]) -> dict[str, Stroke]:
    """A stroke per attribution method: fixed for the known ones, in order of name for any other."""
    others = sorted(name for name in methods if name not in _METHODS)
    spare = series_strokes(len(_METHODS) + len(others))[len(_METHODS) :]
    return {**_METHODS, **dict(zip(others, spare, strict=True))}


def control_strokes(controls: Sequence[str]) -> dict[str, Stroke]:
    """A grey stroke per control, in order of name."""
    markers = cycle(_CONTROLS)
    return {
        name: Stroke(GREY, marker) for name, marker in zip(sorted(controls), markers, strict=False)
    }


def series_strokes(count: int) -> list[Stroke]:
    """Strokes of `count` series without a fixed style, all different up to 98.

    After the first seven, colours repeat with the next marker, hollow in every second round.
    """
    several = len(_SERIES)
    strokes = []
    for index in range(count):
        turn, place = divmod(index, several)
        marker = _SERIES[(place + turn) % several].marker
        strokes.append(Stroke(_SERIES[place].colour, marker, hollow=turn % 2 == 1))
    return strokes


def sequential() -> "LinearSegmentedColormap":
    """Colours of a heat map: one hue from pale to dark, readable in grey and with colour blindness."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list(
        "keepfaith", ["#f3f8fc", "#9ecae1", "#3787c0", "#08306b"]
    )


@contextmanager
def applied() -> Iterator[None]:
    """Matplotlib uses this style inside the block, and the former settings after it."""
    import matplotlib as mpl

    with mpl.rc_context():
        mpl.rcdefaults()
        sizes: dict[Any, Any] = {**mpl.rcParams, **SETTINGS}
        with mpl.rc_context(SETTINGS | {name: scale() * sizes[name] for name in _IN_POINTS}):
            yield


def canvas(
    rows: int = 1,
    columns: int = 1,
    size: tuple[float, float] = (5.2, 3.4),
    *,
    share_x: bool = False,
    share_y: bool = False,
    heights: Sequence[float] | None = None,
) -> "tuple[Figure, list[list[Axes]]]":
    """A figure of `rows` x `columns` panels; `size` in inches on a screen.

    Figures are made without pyplot: no global state and no display.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=fitted(size), layout="constrained")
    panels = figure.subplots(
        rows, columns, sharex=share_x, sharey=share_y, squeeze=False, height_ratios=heights
    )
    return figure, [list(row) for row in panels]


NOTHING_TO_SHOW = "nothing-to-show"
"""Id, in an SVG, of the sentence of `note`: the report leaves such a figure out."""


def note(sentence: str, size: tuple[float, float] = (5.2, 1.1)) -> "Figure":
    """A figure with the reason why nothing is drawn, so that the rule always has its file."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=fitted(size), layout="constrained")
    figure.text(
        0.5, 0.5, sentence, ha="center", va="center", color=GREY, style="italic", wrap=True, gid=NOTHING_TO_SHOW,
    )  # fmt: skip
    return figure


_LETTER, _ENTRY = 0.075, 0.65
"""Width of a letter of the legend, and of an entry without its name, in inches."""


def legend(figure: "Figure", *panels: "Axes", columns: int = 4) -> None:
    """One legend above all panels with the entries of some of them; those of equal name appear once.

    It has `columns` columns, or as many as fit.
    """
    unique: dict[str, Any] = {}
    for panel in panels:
        handles, labels = panel.get_legend_handles_labels()
        unique = dict(zip(labels, handles, strict=True)) | unique
    if unique:
        widest = scale() * (_ENTRY + _LETTER * max(map(len, unique)))
        fitting = max(1, int(figure.get_figwidth() / widest))
        figure.legend(
            list(unique.values()),
            list(unique),
            loc="outside upper left",
            ncols=min(columns, fitting, len(unique)),
        )


def by_stem(paths: Iterable[Path]) -> dict[str, list[Path]]:
    """Paths of the same figure in several formats, by the figure's name."""
    found: dict[str, list[Path]] = {}
    for path in paths:
        found.setdefault(path.stem, []).append(path)
    return found


def draw_files(draw: Callable[[], "Figure"], paths: Iterable[Path], paper: Paper) -> None:
    """Draw a figure and write its files: PDFs at a width of `paper`, other formats as on a screen."""
    by_medium: dict[Paper | None, list[Path]] = {}
    for path in paths:
        by_medium.setdefault(paper if path.suffix == ".pdf" else None, []).append(path)
    for medium, files in by_medium.items():
        with printed(medium):
            save(draw(), files)


def lay_out(figure: "Figure") -> None:
    """Place panels, legends and labels on the paper, without drawing."""
    engine = figure.get_layout_engine()
    if engine and figure.axes:
        engine.execute(figure)


def save(figure: "Figure", paths: Iterable[Path]) -> None:
    """Write the figure in the format of each path's suffix, atomically, with the same bytes for the same data."""
    with applied():  # some settings (fonts, spaces, ids) are read at layout and writing
        # Laid out once: the same picture in every format. "none" would keep a placeholder of the layout engine, and
        # Matplotlib would then draw each format twice.
        lay_out(figure)
        figure.set_layout_engine(None)
        points = marked_points(figure)
        for path in paths:
            kind = path.suffix.removeprefix(".")
            with replacing(path) as temporary:
                figure.savefig(temporary, format=kind, dpi=200, metadata=_METADATA[kind])
                if kind == "svg":
                    document = temporary.read_text(encoding="utf-8")
                    temporary.write_text(with_titles(document, points), encoding="utf-8")
