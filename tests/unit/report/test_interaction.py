"""The page under a user's hands, in a real browser: sorting, filtering and choosing; and without scripts."""

from collections.abc import Iterator
from pathlib import Path

import axe_core_python
import pytest
from browser import CHROMIUM, Tab, opened

from keepfaith.report.page import render_page
from report.test_page import cells, drawn, folders, pooled, study

__all__ = ["folders"]
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")

TABLE = "document.querySelector('table[data-title=\"What each task can decide\"]')"


@pytest.fixture(scope="module")
def file(folders: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "index.html"
    path.write_text(
        render_page(study(), cells(folders), drawn(folders / "study"), pooled()), encoding="utf-8"
    )
    return path


@pytest.fixture
def tab(file: Path, tmp_path: Path) -> Iterator[Tab]:
    with opened(file, tmp_path / "browser") as found:
        yield found


def column(tab: Tab, number: int, shown: bool = False) -> list[str]:
    visible = ".filter(row => row.getClientRects().length)" if shown else ""
    return tab.value(
        f"[...{TABLE}.tBodies[0].rows]{visible}.map(row => row.cells[{number}].textContent.trim())"
    )


def test_a_click_sorts_by_number_and_another_turns_it_round(tab: Tab) -> None:
    heading = f"{TABLE}.tHead.rows[0].cells[5]"
    before = column(tab, 5)
    tab.value(f"{heading}.querySelector('button').click()")
    ascending = [float(text) for text in column(tab, 5)]
    assert ascending == sorted(ascending) and len(set(ascending)) > 1
    assert sorted(before) == sorted(column(tab, 5)) and before != column(tab, 5)
    assert tab.value(f"{heading}.getAttribute('aria-sort')") == "ascending"
    tab.value(f"{heading}.querySelector('button').click()")
    assert [float(text) for text in column(tab, 5)] == ascending[::-1]
    assert tab.value(f"{heading}.getAttribute('aria-sort')") == "descending"
    other = f"{TABLE}.tHead.rows[0].cells[1]"
    tab.value(f"{other}.querySelector('button').click()")
    assert column(tab, 1) == sorted(column(tab, 1), key=str.lower)
    assert tab.value(f"{heading}.getAttribute('aria-sort')") is None


def test_a_filter_leaves_the_rows_with_these_letters(tab: Tab) -> None:
    box = f"{TABLE}.parentElement.previousElementSibling"
    everything = column(tab, 1, shown=True)
    tab.value(f"{box}.value = 'brier'; {box}.dispatchEvent(new Event('input'))")
    assert set(column(tab, 1, shown=True)) == {"Brier score"} < set(everything)
    tab.value(f"{box}.value = ''; {box}.dispatchEvent(new Event('input'))")
    assert column(tab, 1, shown=True) == everything


SHOWN = (
    "[...document.querySelectorAll('section.cell')].map(each => each.getClientRects().length > 0)"
)


def test_one_task_is_chosen_and_a_link_shows_another(tab: Tab) -> None:
    assert tab.value(SHOWN) == [True, True]
    choice = "document.querySelector('nav select')"
    tab.value(f"{choice}.selectedIndex = 2; {choice}.dispatchEvent(new Event('change'))")
    assert tab.value(SHOWN) == [False, True]
    tab.value(
        "new Promise(done => { addEventListener('hashchange', () => setTimeout(done, 50));"
        " document.querySelector('.matrix a').click(); })"
    )
    assert tab.value(SHOWN) == [True, False]
    assert tab.value(f"{choice}.selectedIndex") == 1
    tab.value(f"{choice}.selectedIndex = 0; {choice}.dispatchEvent(new Event('change'))")
    assert tab.value(SHOWN) == [True, True]


def test_controls_are_reached_by_keyboard_and_named(tab: Tab) -> None:
    unnamed = tab.value(
        "[...document.querySelectorAll('button, input, select')].filter(each => !(each.textContent.trim() ||"
        " each.getAttribute('aria-label') || each.labels?.length)).length"
    )
    assert unnamed == 0
    assert tab.value(
        "[...document.querySelectorAll('th button')].every(each => each.tabIndex === 0)"
    )


def test_without_scripts_everything_is_there(file: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare.html"
    page = file.read_text(encoding="utf-8")
    policy = "script-src 'none'"
    start = page.index("script-src 'sha256-")
    bare.write_text(page[:start] + policy + page[page.index(";", start) :], encoding="utf-8")
    with opened(bare, tmp_path / "browser") as tab:
        assert tab.value(SHOWN) == [True, True]
        assert tab.value("document.querySelectorAll('th button, nav select, input').length") == 0
        assert len(column(tab, 1, shown=True)) == len(column(tab, 1)) > 2


def test_the_page_runs_no_other_script(tab: Tab) -> None:
    tab.value(
        "(() => { const own = document.createElement('script'); own.textContent = 'window.owned = 1';"
        " document.body.append(own); })()"
    )
    assert tab.value("window.owned ?? null") is None


def test_an_accessibility_check_finds_nothing_serious(tab: Tab) -> None:
    axe = Path(axe_core_python.__file__).with_name("axe.min.js").read_text(encoding="utf-8")
    tab.value(f"{axe};1")
    # Figures are pictures with a title; their thousands of shapes are left out.
    found = tab.value(
        "axe.run({exclude: [['svg']]}).then(r => r.violations.map(v => [v.impact, v.id, v.help]))"
    )
    assert found == []


PANELS = "document.querySelector('[data-frames]')"
COLOURS = (
    "[...{panel}.querySelectorAll('.prompt span')].map(each => [each.style.background, each.title])"
)


def slid(tab: Tab, place: int) -> None:
    tab.value(
        f"(() => {{ const slider = {PANELS}.querySelector('input'); slider.value = {place};"
        " slider.dispatchEvent(new Event('input')); })()"
    )


def test_a_slider_moves_an_example_over_all_levels(tab: Tab) -> None:
    dense, moving = f"{PANELS}.firstElementChild", f"{PANELS}.lastElementChild"
    deepest = tab.value(COLOURS.format(panel=moving))
    said = tab.value(f"{moving}.querySelector('h5').textContent")
    assert said.startswith("level 2: ")
    slid(tab, 0)
    assert tab.value(COLOURS.format(panel=moving)) == tab.value(COLOURS.format(panel=dense))
    for part in ("h5", ".top"):
        words = [
            tab.value(f"{panel}.querySelector('{part}').textContent") for panel in (moving, dense)
        ]
        assert len({" ".join(each.split()) for each in words}) == 1
    slid(tab, 1)
    assert tab.value(f"{moving}.querySelector('h5 b').textContent") == "level 1"
    slid(tab, 2)
    assert tab.value(COLOURS.format(panel=moving)) == deepest
