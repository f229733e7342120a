"""The published study's rows at the margins of this one, and this study's own rows of the same tasks between them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from keepfaith.artifacts.schemas import METHOD
from keepfaith.figures.axes import level_axis
from keepfaith.figures.cell_tables import OWN
from keepfaith.figures.labels import path_names, quantity, quantity_name
from keepfaith.figures.literature import attention_shares
from keepfaith.figures.published import keeps_accuracy_and_loses, read_at_margins
from keepfaith.figures.style import BLUE, GREY, LIGHT_GREY, VERMILLION, canvas, note
from keepfaith.plugins.study_figure import StudyFigure
from keepfaith.statistics.verdict import DEGRADED, KEPT, shown_operator

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

_EXPLANATION = (
    "Rows of the published study (arXiv:2606.24970) at the margins of this study, beside this study's own rows of the"
    " same tasks (in bold). Circle: the loss lies within the margin; thick cross: beyond it where the loss of "
    "accuracy is not; thin cross: beyond it, as the loss of accuracy."
)
_DETAIL = (
    "Two models, five tasks, 1 to 16 attention layers dropped, and this study's levels that drop attention alone; one "
    "row per task and model, one panel per quantity. Published values have no intervals: only the estimates are read, "
    "and nothing about them is shown to be kept or degraded. Each panel's title counts the published rows. On a small "
    "task an estimate exceeds a margin by chance (RTE has 277 examples). Of this study's rows, filled or bold marks "
    "are where the verdict shows the panel's quantity to be kept or degraded, hollow or thin ones where only the "
    "estimate says it; the accuracy is read by its estimate everywhere. Comprehensiveness of one's own models needs "
    "the study's protocol."
)
_PANELS = ("accuracy", "ece", "comprehensiveness")


class _Row(NamedTuple):
    """A row of the figure: a unit, its label, and whether it is this study's own."""

    unit: tuple[str, str]
    label: str
    own: bool


def _draw(tables: Mapping[str, pl.DataFrame]) -> "Figure":
    """A panel per quantity and method; rows are tasks and models, those of this study after the published ones."""
    if "published" not in tables:
        return note("no published numbers are at hand")
    published = tables["published"].filter(pl.col("quantity").is_in(_PANELS))
    margins = _margins(tables["verdict"])
    # Published levels are numbers of dropped attention layers; checkpoints have no order.
    metrics = tables["metrics"]
    if "order" in tables:
        alone = attention_shares(tables["order"])
        metrics = metrics.join(
            alone, on=["model", "order", "level"], how="semi", maintain_order="left"
        )
    else:
        metrics = metrics.clear()
    own = _own_harms(metrics, tables["verdict"], published)
    read, own_read = read_at_margins(published, margins), read_at_margins(own, margins)
    rows = _rows(published, own)
    panels = _panels(published)
    figure, (axes,) = canvas(
        1,
        len(panels),
        (2.3 + 2.2 * len(panels), 1.6 + 0.19 * len(rows)),
        share_x=True,
        share_y=True,
    )
    levels = [0, *pl.concat([read["level"], own_read["level"]]).unique().sort().to_list()]
    for panel, (name, method, own_name) in zip(axes, panels, strict=True):
        of_panel = read.filter(quantity=name).filter(pl.col("method").eq_missing(method))
        of_own = own_read.filter(quantity=name).filter(pl.col("method").eq_missing(own_name))
        if method is not None and own_name is None:
            of_own = of_own.clear()
        for index, row in enumerate(rows):
            _marks(panel, index, row, of_own if row.own else of_panel)
        panel.set_title(_title(name, method, margins[name], of_panel), fontsize="medium")
        level_axis(panel, levels)
        panel.grid(False)
        panel.tick_params(axis="y", length=0)
        panel.spines["left"].set_visible(False)
        for index in range(1, len(rows)):
            if rows[index].unit[0] != rows[index - 1].unit[0]:
                panel.axhline(index - 0.5, color=LIGHT_GREY, linewidth=0.8)
    axes[0].set_yticks(range(len(rows)), [row.label for row in rows])
    for text, row in zip(axes[0].get_yticklabels(), rows, strict=True):
        text.set_fontweight("bold" if row.own else "normal")
    axes[0].set_ylim(len(rows) - 0.4, -0.6)
    axes[0].set_ylabel("task and model")
    figure.legend(handles=_keys(bool(own.height)), loc="outside upper left", ncols=2)
    return figure


def _margins(verdict: pl.DataFrame) -> dict[str, float]:
    """The study's margins; the default of a quantity that it does not judge."""
    judged = dict(verdict.select("quantity", "margin").unique().iter_rows())
    return {name: judged.get(name, quantity(name).margin or 0.0) for name in _PANELS}


def _panels(published: pl.DataFrame) -> list[tuple[str, str | None, str | None]]:
    """Quantity, published method and this study's name of it, in the order of `_PANELS`."""
    found = published.select("quantity", "method", "own").unique(maintain_order=True).rows()
    return sorted(found, key=lambda names: _PANELS.index(names[0]))


def _own_harms(
    metrics: pl.DataFrame, verdict: pl.DataFrame, published: pl.DataFrame
) -> pl.DataFrame:
    """This study's changes on the published tasks, in the harmful direction, with the status of those judged."""
    operator = shown_operator(metrics)
    chosen = metrics.filter(
        pl.col("level") > 0,
        pl.col("task").is_in(published["dataset"].unique().to_list()),
        pl.col("role").is_null() | (pl.col("role") == METHOD),
        pl.col("ranking").fill_null(OWN) == OWN,
        pl.col("operator").is_null() | pl.col("operator").eq_missing(pl.lit(operator, pl.String)),
    )
    names = {quantity(name).metric: name for name in _PANELS}
    signs = {name: float(quantity(name).harmful) for name in _PANELS}
    found = chosen.filter(pl.col("metric").is_in(list(names))).with_columns(
        quantity=pl.col("metric").replace_strict(names, return_dtype=pl.String)
    )
    paths = path_names(found.select("model", "order").unique(maintain_order=True).rows())
    labels = [paths[path] for path in found.select("model", "order").iter_rows()]
    keys = ["model", "order", "task", "level", "quantity", "method"]
    status = verdict.select(*keys, "status")
    joined = found.join(status, on=keys, how="left", nulls_equal=True, maintain_order="left")
    harm = pl.col("change") * pl.col("quantity").replace_strict(signs, return_dtype=pl.Float64)
    return joined.select(
        model=pl.Series(labels, dtype=pl.String),
        dataset="task",
        level="level",
        quantity="quantity",
        method="method",
        harm=harm,
        status="status",
    ).drop_nulls("harm")


def _rows(published: pl.DataFrame, own: pl.DataFrame) -> list[_Row]:
    """Task by task, the published models before those of this study."""
    units: list[_Row] = []
    for task in published["dataset"].unique(maintain_order=True):
        for frame, is_own in ((published, False), (own, True)):
            of_task = frame.filter(dataset=task)
            for model in of_task["model"].unique(maintain_order=True):
                named = f"{model}, own" if is_own else f"{model.rpartition('/')[2]}, published"
                units.append(_Row((task, model), f"{task}: {named}", is_own))
    return units


def _marks(panel: "Axes", index: int, row: _Row, read: pl.DataFrame) -> None:
    """Circles and crosses of one row, by level."""
    for level, within, hidden, status in (
        read.filter(dataset=row.unit[0], model=row.unit[1])
        .select(
            "level",
            "within",
            "accuracy_within",
            pl.col("status") if "status" in read.columns else pl.lit(None, pl.String),
        )
        .iter_rows()
    ):
        shown = status in (KEPT, DEGRADED)
        look = _look(within, bool(hidden), shown)
        panel.plot([level], [index], linestyle="none", **look)


def _look(within: bool, accuracy_within: bool, shown: bool) -> dict[str, Any]:
    """Marker of a value; shapes differ, so that colours are not needed."""
    if within:
        face = BLUE if shown else "white"
        return {"marker": "o", "color": BLUE, "markerfacecolor": face, "markersize": 4}
    if accuracy_within:
        face = VERMILLION if shown else "white"
        return {"marker": "X", "color": VERMILLION, "markerfacecolor": face, "markersize": 6}
    width = 2.0 if shown else 1.0
    return {"marker": "x", "color": GREY, "markersize": 4.5, "markeredgewidth": width}


def _title(name: str, method: str | None, margin: float, read: pl.DataFrame) -> str:
    """Quantity, margin, and the count of published rows."""
    accuracy = read.filter(pl.col("accuracy_within"))
    said = (
        f"{read['within'].sum()} of {read.height} within {margin:g}"
        if name == "accuracy"
        else f"{keeps_accuracy_and_loses(read).height} of {accuracy.height} beyond {margin:g}"
    )
    label = quantity_name(name, method).replace(" (", "\n(")
    return f"{label[:1].upper()}{label[1:]}\n{said}"


def _keys(own: bool) -> "list[Line2D]":
    """The legend, with the filled marks if there are rows of this study."""
    from matplotlib.lines import Line2D

    words = [
        (_look(True, True, shown=False), "loss within the margin"),
        (_look(False, True, shown=False), "beyond it, while accuracy is within its margin"),
        (_look(False, False, shown=False), "beyond it, and accuracy beyond its margin"),
    ]
    if own:
        words.append(
            (
                _look(True, True, shown=True),
                "filled or bold: the verdict shows it of this quantity",
            )
        )
    return [Line2D([], [], linestyle="none", label=label, **look) for look, label in words]


FIGURE = StudyFigure(
    title="Published rows at your margins",
    explanation=_EXPLANATION,
    detail=_DETAIL,
    position=100,
    tables=("verdict", "metrics", "order", "published"),
    draw=_draw,
)
