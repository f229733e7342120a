"""A figure's SVG on a page with others."""

from pathlib import Path

import numpy as np
import pytest
from browser import CHROMIUM, opened
from figures import synthetic

from keepfaith.figures.cell_figures import draw
from keepfaith.figures.style import save
from keepfaith.report.svg import inline_svg, width_in_points


def test_it_has_its_own_ids_and_no_page_wide_style() -> None:
    document = (
        '<?xml version="1.0"?><svg width="36.5pt"><metadata>x</metadata><style>*{a: b}</style><g id="panel">'
        '<path id="m1" d="M 1.23456 -7.5"/><use xlink:href="#m1"/></g><g clip-path="url(#m1)"/></svg>'
    )
    found = inline_svg(document, "u0", 'a "b"')
    assert found == (
        '<svg role="img" aria-label="a &quot;b&quot;" width="36.5pt"><g><path id="u0-0" d="M 1.2 -7.5"/>'
        '<use xlink:href="#u0-0"/></g><g clip-path="url(#u0-0)"/></svg>'
    )
    assert width_in_points(document) == 36.5
    for wrong in ("<html/>", ""):
        with pytest.raises(ValueError, match="SVG"):
            inline_svg(wrong, "u0", "x")
        with pytest.raises(ValueError, match="SVG"):
            width_in_points(wrong)


def test_the_style_of_a_series_is_said_once() -> None:
    alike = '<use xlink:href="#m" x="1" style="fill: red"/>\n<use x="2" style="fill: red"><title>2</title></use>'
    found = inline_svg(f'<svg><path id="m"/><g clip-path="url(#m)">\n{alike}\n</g></svg>', "p", "x")
    assert found.count("fill: red") == 1
    assert '<g clip-path="url(#p-0)" style="fill: red">' in found and "<title>2</title>" in found
    unlike = alike.replace("red", "blue", 1)
    found = inline_svg(f"<svg><g>{unlike}</g></svg>", "p", "x")
    assert found.count("fill: red") == 1 and found.count("fill: blue") == 1


SHAPES = """
[...document.querySelectorAll('#{} svg :is(path, use, text, rect, image)')].map(each => {{
  const outer = each.ownerSVGElement.getBoundingClientRect(), own = each.getBoundingClientRect();
  const style = getComputedStyle(each);
  return [each.tagName, style.fill, style.stroke, style.strokeWidth, style.fontSize, own.x - outer.x, own.y - outer.y,
          own.width, own.height];
}})
"""


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
@pytest.mark.parametrize("name", ["faithfulness", "verdict", "swap"])
def test_a_browser_draws_what_was_drawn(tmp_path: Path, name: str) -> None:
    save(draw(name, synthetic.cell()), [tmp_path / "figure.svg"])
    document = (tmp_path / "figure.svg").read_text(encoding="utf-8")
    shapes = []
    for number, svg in enumerate(
        (document[document.index("<svg") :], inline_svg(document, "p", name))
    ):
        page = tmp_path / f"{number}.html"
        style = "<style>svg * { stroke-linejoin: round; stroke-linecap: butt; }</style>"
        page.write_text(f"<!DOCTYPE html>{style}<div id=page>{svg}</div>", encoding="utf-8")
        with opened(page, tmp_path / f"browser{number}") as tab:
            shapes.append(tab.value(SHAPES.format("page")))
    first, second = shapes
    assert len(first) == len(second) > 50
    assert [each[:5] for each in first] == [each[:5] for each in second]
    moved = np.abs(np.array([each[5:] for each in first]) - [each[5:] for each in second])
    assert moved.max() < 0.3  # pixels: coordinates are cut to a tenth of a point
