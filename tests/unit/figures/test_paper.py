"""Figures at the widths of a paper: as wide as a column or the page, legible, nothing cut off."""

import re
import zlib

import matplotlib as mpl
import polars as pl
import pytest

from figures import synthetic
from figures.test_figures import (
    FIGURES,
    PAPER,
    STUDY,
    assert_all_on_paper,
    assert_titles_stand_apart,
    summary_tables,
)
from keepfaith.figures.cell_figures import draw, draw_all
from keepfaith.figures.cell_tables import CellTables
from keepfaith.figures.paper import Paper, printed
from keepfaith.figures.study_figures import draw_study
from keepfaith.figures.style import canvas

SMALLEST = 4.8
"""Points of the smallest text: journals ask for 5 or more, and numbers in the fields of a heat map have 4.9."""


@pytest.fixture(scope="module")
def tables() -> CellTables:
    return synthetic.cell(deepest=8, layers=16)


@pytest.fixture(scope="module")
def summary() -> dict[str, pl.DataFrame]:
    return summary_tables([("builtin", "cosine", task) for task in ("sentiment", "passage")])


def assert_legible(figure) -> None:
    assert round(figure.get_figwidth(), 6) in (PAPER.column, PAPER.page)
    assert_all_on_paper(figure)
    texts = [text for text in figure.findobj(mpl.text.Text) if text.get_text()]
    assert min(text.get_fontsize() for text in texts) >= SMALLEST
    assert max(text.get_fontsize() for text in texts) < 8
    for legend in figure.legends:
        box = legend.get_window_extent()
        assert not any(box.overlaps(axes.bbox) for axes in figure.axes if axes.get_visible())
    assert_titles_stand_apart(figure)


@pytest.mark.parametrize("name", FIGURES)
def test_figures_of_a_cell(name: str, tables: CellTables) -> None:
    with printed(PAPER):
        assert_legible(draw(name, tables))


@pytest.mark.parametrize("name", STUDY)
def test_figures_of_a_study(name: str, summary: dict[str, pl.DataFrame]) -> None:
    with printed(PAPER):
        assert_legible(draw_study(name, summary))


def test_only_the_pdf_is_for_paper(tables: CellTables, tmp_path) -> None:
    paths = [tmp_path / f"accuracy.{suffix}" for suffix in ("svg", "pdf")]
    draw_all(tables, paths, Paper(column=3.5, page=7))
    assert 'width="374.4pt" height="244.8pt"' in paths[0].read_text(encoding="utf-8")
    document = paths[1].read_bytes()
    box = re.search(rb"/MediaBox \[ ([^]]*) \]", document)
    assert box is not None
    left, bottom, right, top = map(float, box[1].split())
    assert (left, bottom, right) == (0, 0, 3.5 * 72)
    assert top == pytest.approx(3.4 * 72 * 7 / 9)
    page = b"".join(
        zlib.decompress(found)
        for found in re.findall(rb"FlateDecode >>\s+stream\r?\n(.*?)\r?\nendstream", document, re.S)
        if found[:1] == b"x"
    )
    sizes = {float(size) for size in re.findall(rb"/F1 ([\d.]+) Tf", page)}
    assert sizes and max(sizes) <= 7.5 and min(sizes) > 6


def test_a_screen_is_as_before_after_a_paper() -> None:
    with printed(PAPER):
        assert canvas(size=(9, 9))[0].get_size_inches() == pytest.approx((6.9, 7))
    assert canvas(size=(9, 9))[0].get_size_inches() == pytest.approx((9, 9))
