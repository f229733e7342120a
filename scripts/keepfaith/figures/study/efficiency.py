"""Savings of the levels: KV cache, time and memory relative to the dense model."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import polars as pl

from keepfaith.figures.axes import level_ticks
from keepfaith.figures.labels import path_names
from keepfaith.figures.levels import is_joined, level_label
from keepfaith.figures.style import canvas, legend, series_strokes
from keepfaith.plugins.study_figure import StudyFigure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_EXPLANATION = (
    "What each level saves against the dense model: KV cache per token, prefill time, time per decoded token, and "
    "bytes of weights. 1 is the dense model and lower is better; dashed is what arithmetic expects."
)
_DETAIL = (
    "Batch 1, after the longest measured prompt; each level was loaded without the weights that it drops, in its own "
    "process. The cache is measured in a call of generate. Arithmetic: from the cache's shape, the floating-point "
    "operations of the prefill, and the bytes of weights and cache that a decoded token reads. Times fall further "
    "than arithmetic where attention takes more time per operation than the other matrices do (many small steps, each"
    " with its own start), and less where work that no level drops dominates (sampling, Python). Times vary between "
    "runs, by a tenth and more if other work shares the machine: the distance between lines of equal layers shows "
    "this variation."
)

_PANELS = {
    "cache": "KV cache per token\n(ratio to dense)",
    "prefill": "prefill time\n(ratio to dense)",
    "decode": "time per decoded token\n(ratio to dense)",
    "weights": "bytes of weights\n(ratio to dense)",
}


def ratios(efficiency: pl.DataFrame) -> pl.DataFrame:
    """Per model, order and level the ratios of `_PANELS`, measured and expected, after the longest prompt.

    Pruning paths keep the sequence of the table, so that each has the same stroke in every figure.
    """
    path = ["model", "order"]
    longest = efficiency.filter(
        pl.col("context_tokens") == pl.col("context_tokens").max().over(path)
    )
    dense = longest.filter(pl.col("level") == 0)
    joined = longest.join(dense, on=path, suffix="_dense", maintain_order="left")
    return joined.select(
        *path,
        "level",
        cache=_ratio("cache_bytes_per_token"),
        cache_expected=_ratio("cache_bytes_per_token_expected"),
        prefill=_ratio("prefill_seconds"),
        prefill_expected=_ratio("prefill_operations"),
        decode=1 / _ratio("decode_tokens_per_second"),
        decode_expected=_ratio("decode_bytes"),
        weights=_ratio("weight_bytes"),
    )


def _ratio(column: str) -> pl.Expr:
    return pl.col(column) / pl.col(f"{column}_dense")


def _draw(tables: Mapping[str, pl.DataFrame]) -> "Figure":
    """One panel per ratio, one line per model and order, and a dashed one for the value expected by arithmetic."""
    table = ratios(tables["efficiency"])
    figure, panels = canvas(rows=1, columns=len(_PANELS), size=(10.4, 3.1))
    paths = table.select("model", "order").unique(maintain_order=True).rows()
    names, strokes = path_names(paths), series_strokes(len(paths))
    levels = table["level"].unique().sort().to_list()
    for panel, (column, label) in zip(panels[0], _PANELS.items(), strict=True):
        panel.axhline(1, color="#bbbbbb", linewidth=0.8, zorder=0)
        for (model, order), stroke in zip(paths, strokes, strict=True):
            rows = table.filter(model=model, order=order)
            joined = is_joined((model, order))
            panel.plot(
                rows["level"].to_list(), rows[column].to_list(), label=names[model, order],
                **stroke.points(joined),
            )  # fmt: skip
            if (expected := f"{column}_expected") in rows.columns:
                panel.plot(
                    rows["level"].to_list(), rows[expected].to_list(), color=stroke.colour,
                    linestyle="--" if joined else "none", marker=None if joined else "_", linewidth=0.8,
                )  # fmt: skip
        panel.set_xlabel(level_label())
        panel.set_ylabel(label)
        panel.set_ylim(0, max(1.08, panel.get_ylim()[1]))
        level_ticks(panel, levels, nbins=6)
    legend(figure, panels[0][0], columns=5)
    return figure


FIGURE = StudyFigure(
    title="What a level saves",
    explanation=_EXPLANATION,
    detail=_DETAIL,
    position=70,
    tables=("efficiency",),
    draw=_draw,
)
