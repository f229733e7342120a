"""Every figure: honest axes, a caption, the same bytes on redraw, and something to show for odd tables."""

import re
from collections.abc import Iterable
from pathlib import Path

import matplotlib as mpl
import numpy as np
import polars as pl
import pytest

from figures import synthetic
from keepfaith.figures.cell_figures import cell_figures, draw, draw_all
from keepfaith.figures.cell_tables import CellTables
from keepfaith.figures.labels import LEVEL_AXIS
from keepfaith.figures.literature import read_literature, with_published_study
from keepfaith.figures.paper import Paper
from keepfaith.figures.published import published_harms, read_published
from keepfaith.figures.study_figures import draw_all_study, draw_study, study_figures
from keepfaith.figures.style import lay_out, save
from keepfaith.plugins.cell_figure import CELL_FIGURES

PAPER = Paper(column=3.3, page=6.9)
FIGURES, STUDY = tuple(cell_figures()), tuple(study_figures())
PUBLISHED_NUMBERS = (
    Path(__file__).parents[3] / "config" / "catalog" / "published" / "arxiv_2606_24970.csv"
)
OWN_METHODS = {name: name for name in synthetic.METHODS}
OVER_LEVELS = {
    "effects",
    "verdict",
    "accuracy",
    "faithfulness",
    "change",
    "confidence",
    "ece",
    "temperature",
    "drift",
}


@pytest.fixture(scope="module")
def tables() -> CellTables:
    return synthetic.cell()


@pytest.fixture(scope="module")
def summary() -> dict[str, pl.DataFrame]:
    return summary_tables([("builtin", "cosine", task) for task in ("sentiment", "passage")])


@pytest.fixture(scope="module")
def many_orders() -> dict[str, pl.DataFrame]:
    orders = [f"leave_one_out_number_{n:02}" for n in range(10)]
    return summary_tables([("m", order, task) for order in orders for task in ("sst2", "rte")])


def summary_tables(cells: list[tuple[str, str, str]]) -> dict[str, pl.DataFrame]:
    drawn = [(synthetic.cell(seed=seed), cell) for seed, cell in enumerate(cells)]
    return {
        name: pl.concat(
            [synthetic.with_cell(getattr(tables, name), *cell) for tables, cell in drawn]
        )
        for name in ("metrics", "verdict")
    } | {
        "published": published_harms(read_published(PUBLISHED_NUMBERS), OWN_METHODS),
        "literature": with_published_study(
            read_literature(PUBLISHED_NUMBERS.parent / "literature.csv"),
            read_published(PUBLISHED_NUMBERS),
            list(dict.fromkeys(task for _, _, task in cells)),
        ),
        "order": pl.concat(
            synthetic.with_path(tables.order, *path)
            for path, tables in {cell[:2]: tables for tables, cell in drawn}.items()
        ),
        "efficiency": pl.concat(
            synthetic.with_path(synthetic.efficiency(tables.levels), *path)
            for path, tables in {cell[:2]: tables for tables, cell in drawn}.items()
        ),
        "stability": pl.concat(
            synthetic.with_path(synthetic.stability(8, np.random.default_rng(0)), *path)
            for path in {cell[:2]: None for cell in cells}
        ),
        "pooled": pl.concat(
            synthetic.with_path(synthetic.pooled(tables.verdict), *path)
            for path, tables in {cell[:2]: tables for tables, cell in drawn}.items()
        ),
    }


def svgs(folder: Path, names: Iterable[str]) -> list[Path]:
    """The files to draw figures to."""
    return [folder / f"{name}.svg" for name in names]


def axis_labels(figure) -> tuple[str, str]:
    visible = [axes for axes in figure.axes if axes.get_visible()]
    return tuple(
        " ".join({getattr(axes, f"get_{axis}label")() for axes in visible}) for axis in "xy"
    )


def texts(figure) -> str:
    return " ".join(text.get_text() for text in figure.findobj(mpl.text.Text))


@pytest.mark.parametrize("name", FIGURES)
def test_axes_have_labels_with_units_and_the_caption_says_something(name, tables):
    x, y = axis_labels(draw(name, tables))
    assert x.strip() and y.strip()
    assert LEVEL_AXIS in x or name not in OVER_LEVELS
    unitless = {"verdict"}  # its y axis lists quantities
    assert "(" in x and ("(" in y or "/" in y or name in unitless)
    caption = CELL_FIGURES.load(name).caption_of(tables)
    assert len(caption) > 80 and caption.endswith(".")


@pytest.mark.parametrize("name", sorted(set(STUDY) - {"orders_compared"}))
def test_summary_axes_have_labels(name, summary):
    figure = draw_study(name, summary)
    x, y = axis_labels(figure)
    assert LEVEL_AXIS in x or name == "price"
    assert y.strip() or name == "how_far"
    if name not in ("efficiency", "pooled", "price", "published", "stability"):
        assert "sentiment" in texts(figure) and "passage" in texts(figure)


@pytest.mark.parametrize("name", FIGURES)
def test_legend_covers_no_data(name, tables):
    figure = draw(name, tables)
    lay_out(figure)
    for legend in figure.legends:
        box = legend.get_window_extent()
        for axes in figure.axes:
            assert not axes.get_visible() or not box.overlaps(axes.bbox), (
                "legend stands in front of a panel"
            )


def assert_all_on_paper(figure):
    lay_out(figure)
    paper = figure.bbox.padded(1)
    box = figure.get_tightbbox().transformed(mpl.transforms.Affine2D().scale(figure.dpi))
    assert paper.containsx(box.x0) and paper.containsx(box.x1), "something stands beside the paper"
    assert paper.containsy(box.y0) and paper.containsy(box.y1), "something stands above or below"


def assert_titles_stand_apart(figure):
    titles = {axes.get_title("left") for axes in figure.axes} - {""}
    boxes = [
        text.get_window_extent()
        for axes in figure.axes
        if axes.get_visible()
        for text in axes.findobj(mpl.text.Text)
        if text.get_text() in titles
    ]
    assert len(boxes) >= len(titles)
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i]), "titles overlap"


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("levels", [4, 16])
def test_nothing_is_cut_off(name, levels):
    assert_all_on_paper(draw(name, synthetic.cell(levels, 2 * levels)))


GAPS = (0, 2, 4, 5, 6, 15)
"""Levels of a run that leaves some out."""


def levels_on(axis) -> set[int]:
    """The levels that an axis names."""
    return {int(text.get_text()) for text in axis.get_ticklabels() if text.get_text()}


@pytest.mark.parametrize("name", sorted(OVER_LEVELS | {"overlap"}))
def test_only_levels_that_were_run_have_ticks(name):
    figure = draw(name, synthetic.cell(layers=16, levels=GAPS))
    assert_all_on_paper(figure)
    named = [levels_on(axes.xaxis) for axes in figure.axes if LEVEL_AXIS in axes.get_xlabel()]
    assert named and all(levels and levels <= set(GAPS) for levels in named)
    assert all(max(levels) == 15 or name == "overlap" for levels in named)


@pytest.mark.parametrize("name", sorted(set(STUDY) - {"price", "stability", "published"}))
def test_only_levels_that_were_run_have_ticks_over_several_units(name):
    cells = [
        (order, synthetic.cell(layers=16, levels=GAPS, seed=n)) for n, order in enumerate("ab")
    ]
    tables = {
        table: pl.concat(
            synthetic.with_cell(getattr(of_cell, table), "m", order, "sst2")
            for order, of_cell in cells
        )
        for table in ("metrics", "verdict")
    }
    efficiency = synthetic.efficiency(GAPS)
    tables["efficiency"] = pl.concat(synthetic.with_path(efficiency, "m", o) for o, _ in cells)
    tables["pooled"] = pl.concat(
        synthetic.with_path(synthetic.pooled(of_cell.verdict), "m", o) for o, of_cell in cells
    )
    figure = draw_study(name, tables)
    assert_all_on_paper(figure)
    named = [levels_on(axes.xaxis) for axes in figure.axes if LEVEL_AXIS in axes.get_xlabel()]
    assert named and all(levels and levels <= set(GAPS) for levels in named)


@pytest.mark.parametrize(
    "levels", [(0, 9), (0, 1, 2, 40), (0, 20, 40, 41, 42), tuple(range(0, 81, 2))]
)
def test_ticks_do_not_run_into_each_other(levels):
    figure = draw("accuracy", synthetic.cell(layers=81, methods=(), levels=levels))
    figure.draw_without_rendering()
    axis = figure.axes[0].xaxis
    assert {levels[0], levels[-1]} <= levels_on(axis) <= set(levels)
    boxes = [text.get_window_extent() for text in axis.get_ticklabels() if text.get_text()]
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


@pytest.mark.parametrize("name", STUDY)
def test_nothing_is_cut_off_over_one_or_many_units(name, summary):
    one = {
        key: frame.filter(pl.col("task") == "passage") if "task" in frame.columns else frame
        for key, frame in summary.items()
    }
    assert_all_on_paper(draw_study(name, one))
    assert_all_on_paper(draw_study(name, summary))


@pytest.mark.parametrize("name", STUDY)
def test_many_orders_fit_and_are_told_apart(name, many_orders):
    figure = draw_study(name, many_orders)
    assert_all_on_paper(figure)
    assert_titles_stand_apart(figure)
    for legend in figure.legends:
        looks = [
            (line.get_color(), line.get_marker(), line.get_markerfacecolor(), line.get_linestyle())
            for line in legend.get_lines()
        ]
        assert len(set(looks)) == len(looks)


@pytest.mark.slow
def test_equal_tables_give_equal_files(tmp_path):
    first, second = (svgs(tmp_path / side, FIGURES) for side in ("first", "second"))
    for paths in (first, second):
        draw_all(synthetic.cell(deepest=2), paths, PAPER)
    assert {path.name for path in (tmp_path / "first").iterdir()} == {
        f"{name}.svg" for name in FIGURES
    }
    for one, other in zip(first, second, strict=True):
        assert one.read_bytes() == other.read_bytes(), one.name
    svg = first[FIGURES.index("accuracy")].read_text()
    fonts = set(re.findall(r"font-family: ([^;]*);", svg))
    assert fonts == {"'DejaVu Sans', sans-serif"}, "the style holds until the file is written"
    assert "<dc:date>" not in svg and "layers dropped (level)" in svg


def test_every_format_is_the_same_again(tables, tmp_path):
    files = [
        [tmp_path / side / f"layers.{format}" for format in ("svg", "pdf", "png")]
        for side in ("one", "other")
    ]
    for paths in files:
        save(draw("layers", tables), paths)
    assert [path.read_bytes()[:4] for path in files[0]] == [b"<?xm", b"%PDF", b"\x89PNG"]
    for one, other in zip(*files, strict=True):
        assert one.read_bytes() == other.read_bytes(), one.name


def test_stability_that_was_not_measured_is_said():
    tables = summary_tables([("a", "cosine", "sst2")])
    del tables["stability"]
    assert "set stability.seeds" in texts(draw_study("stability", tables))


@pytest.mark.slow
def test_summary_files(summary, tmp_path):
    draw_all_study(summary, svgs(tmp_path, STUDY), PAPER)
    assert {path.name for path in tmp_path.iterdir()} == {f"{name}.svg" for name in STUDY}


def test_style_does_not_leak(tables):
    before = dict(mpl.rcParams)
    draw("accuracy", tables)
    assert dict(mpl.rcParams) == before


@pytest.mark.parametrize("name", FIGURES)
def test_without_methods_every_figure_still_exists(name):
    figure = draw(name, synthetic.cell(methods=()))
    assert texts(figure).strip()


@pytest.mark.parametrize("name", FIGURES)
def test_with_the_dense_model_alone(name):
    figure = draw(name, synthetic.cell(deepest=0))
    assert texts(figure).strip()
    assert CELL_FIGURES.load(name).caption_of(synthetic.cell(deepest=0))


def test_no_metrics_is_refused(tables):
    with pytest.raises(ValueError, match="nothing to draw"):
        CellTables(*(getattr(tables, name).clear() for name in (
            "metrics", "reliability", "curves", "overlap", "verdict", "order"
        )))  # fmt: skip


def test_several_models_get_a_column_per_method():
    cells = [(model, "cosine", task) for model in ("a", "b") for task in ("sst2", "rte")]
    figure = draw_study("comprehensiveness_over_tasks", summary_tables(cells))
    shown = texts(figure)
    for title in ("sst2: KernelSHAP", "rte: LIME"):
        assert title in shown
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["a", "b"]
