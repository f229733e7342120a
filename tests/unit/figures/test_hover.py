"""Points of figures have titles with the values that they show."""

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import polars as pl
import pytest

from figures.synthetic import cell, pooled, with_cell, with_path
from keepfaith.figures.cell_figures import draw
from keepfaith.figures.labels import quantity_name
from keepfaith.figures.study_figures import draw_study
from keepfaith.figures.style import applied, canvas, save

SVG = "{http://www.w3.org/2000/svg}"


def titles(path: Path) -> list[str]:
    """Of all markers; the text of an SVG, which has to be well-formed."""
    return [title.text or "" for title in ElementTree.parse(path).iter(f"{SVG}title")]


def drawn(tmp_path: Path, *series: tuple[list[float], list[float], dict[str, object]]) -> list[str]:
    with applied():
        figure, [[panel]] = canvas()
        for xs, ys, style in series:
            panel.plot(xs, ys, **style)
        panel.set_title("sentiment")
        if any(style.get("label") == "rows" for _, _, style in series):
            panel.set_yticks([0, 1], ["accuracy", "ECE"])
        save(figure, [tmp_path / "figure.svg"])
    return titles(tmp_path / "figure.svg")


def test_a_title_per_marker_in_order(tmp_path: Path) -> None:
    found = drawn(
        tmp_path,
        ([0, 1, 3], [0.5, 0.25, 0.123456], {"marker": "o", "label": "LIME <b>"}),
        ([0, 3], [0.75, float("nan")], {"marker": "s"}),
        ([0, 3], [0.1, 0.2], {"label": "no markers"}),
    )
    assert found == [
        "LIME <b> at 0: 0.5",
        "LIME <b> at 1: 0.25",
        "LIME <b> at 3: 0.1235",
        "sentiment at 0: 0.75",
    ]


def test_a_row_has_its_name(tmp_path: Path) -> None:
    found = drawn(tmp_path, ([2, 4], [0, 1], {"marker": "x", "label": "rows"}))
    assert found == ["rows at 2: accuracy", "rows at 4: ECE"]


def test_a_series_that_leaves_its_panel_has_no_wrong_titles(tmp_path: Path) -> None:
    with applied():
        figure, [[panel]] = canvas()
        panel.plot([0, 1, 2000], [1, 2, 3], marker="o")
        panel.set_xlim(0, 2)
        save(figure, [tmp_path / "figure.svg"])
    assert titles(tmp_path / "figure.svg") in ([], ["0: 1", "1: 2", "2000: 3"])


@pytest.mark.parametrize("name", ["accuracy", "ece", "faithfulness", "drift"])
def test_points_of_a_cell_have_their_values(tmp_path: Path, name: str) -> None:
    tables = cell()
    save(draw(name, tables), [tmp_path / "figure.svg"])
    found = titles(tmp_path / "figure.svg")
    assert found
    if name == "accuracy":
        values = dict(tables.series("accuracy").select("level", "value").iter_rows())
        read = {int(a): b for a, b in re.findall(r"at (\d+): ([\d.]+)", " ".join(found))}
        assert {level: f"{value:.4g}" for level, value in values.items()} == read


GAPS = (0, 4, 11)


def test_marks_of_a_grid_name_their_level(tmp_path: Path) -> None:
    """Columns stand side by side whatever levels were left out, so that their places say nothing."""
    tables = cell(levels=GAPS)
    save(draw("verdict", tables), [tmp_path / "figure.svg"])
    judged = tables.verdict.select("quantity", "method", "level", "status").rows()
    expected = {
        f"{quantity_name(name, method)} at level {level}: {status}"
        for name, method, level, status in judged
    }
    assert {words for words in titles(tmp_path / "figure.svg") if " at level " in words} == expected


@pytest.mark.parametrize("name", ["how_far", "pooled"])
def test_marks_over_a_study_name_level_and_row(tmp_path: Path, name: str) -> None:
    """Also in inner panels, whose axes have no labels, and where methods stand beside each other."""
    cells = [("m", "cosine", task) for task in ("sst2", "rte")]
    tables = {task: cell(levels=GAPS, seed=seed) for seed, (*_, task) in enumerate(cells)}
    verdicts = pl.concat(with_cell(tables[at[2]].verdict, *at) for at in cells)
    means = with_path(pooled(tables["rte"].verdict), "m", "cosine")
    save(draw_study(name, {"verdict": verdicts, "pooled": means}), [tmp_path / "figure.svg"])
    found = titles(tmp_path / "figure.svg")
    names = [quantity_name(*each) for each in verdicts.select("quantity", "method").unique().rows()]
    if name == "how_far":
        assert found and all(words.partition(": ")[2] in names for words in found)
    else:
        drawn = re.compile(
            r"(.+) at level (4|11): -?[\d.]+ margins, (kept|undecided|harmed|degraded)"
        )
        assert found and {m[1] for words in found if (m := drawn.fullmatch(words))} == set(names)
