"""Points of figures have titles with the values that they show."""

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from figures.synthetic import cell
from keepfaith.figures.cell_figures import draw
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
