"""The page under a user's hands, in a real browser: sorting, filtering and choosing; and without scripts."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import axe_core_python
import polars as pl
import pytest
from browser import CHROMIUM, Tab, opened
from figures import synthetic

from keepfaith.report.packing import CELLS_AT_ONCE
from keepfaith.report.page import render_page
from keepfaith.report.paths_table import TITLE
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


PATHS = 21
"""Of the large page: enough for a box that filters their matrix, and for more than CELLS_AT_ONCE cells."""
assert 2 * PATHS > CELLS_AT_ONCE

SHOWN = (
    "[...document.querySelectorAll('section.cell')].map(each => each.getClientRects().length > 0)"
)


CHOICE = "document.querySelector('.chooser select')"


def choose(tab: Tab, place: int) -> None:
    tab.value(f"{CHOICE}.selectedIndex = {place}; {CHOICE}.dispatchEvent(new Event('change'))")
    tab.value("new Promise(done => setTimeout(done, 200))")


def follow(tab: Tab, link: str) -> None:
    tab.value(
        "new Promise(done => { addEventListener('hashchange', () => setTimeout(done, 200));"
        f" document.querySelectorAll('.matrix a')[{link}].click(); }})"
    )


def test_one_task_is_shown_another_chosen_and_a_link_shows_its_own(tab: Tab) -> None:
    assert tab.value(SHOWN) == [True, False]
    choose(tab, 1)
    assert tab.value(SHOWN) == [False, True]
    follow(tab, "0")
    assert tab.value(SHOWN) == [True, False]
    assert tab.value(f"{CHOICE}.selectedIndex") == 0
    choose(tab, 2)
    assert tab.value(SHOWN) == [True, True]


@pytest.fixture(scope="module")
def large(folders: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of so many cells that their sections are packed, and of more pruning paths than it gives in words."""
    first, second = cells(folders)
    models = [f"model{number}" for number in range(PATHS)]
    many = [replace(each, model=model) for model in models for each in (first, second)]
    path = tmp_path_factory.mktemp("large") / "index.html"
    (means,) = pooled().values()
    measured = [synthetic.with_path(synthetic.efficiency(range(3)), m, first.order) for m in models]
    page = render_page(
        study(),
        many,
        drawn(folders / "study"),
        {f"{model}/{first.order}": means for model in models},
        pl.concat(measured),
    )
    path.write_text(page, encoding="utf-8")
    return path


def test_sections_of_a_large_study_are_packed_and_open_when_they_are_chosen(
    large: Path, file: Path, tmp_path: Path
) -> None:
    assert large.stat().st_size < 5 * file.stat().st_size
    with opened(large, tmp_path / "browser") as tab:
        sections = "[...document.querySelectorAll('section.cell')]"
        count = tab.value(f"{sections}.length")
        assert count == 2 * PATHS
        tab.value("new Promise(done => setTimeout(done, 300))")
        opened_sections = f"{sections}.map(each => each.querySelectorAll('figure').length > 0)"
        assert tab.value(opened_sections) == [True] + [False] * (count - 1)
        assert tab.value("document.querySelectorAll('.overview figure').length") > 3
        choose(tab, 5)
        assert tab.value(opened_sections) == [n in (0, 5) for n in range(count)]
        assert tab.value(SHOWN) == [n == 5 for n in range(count)]
        assert tab.value(f"{sections}[5].querySelectorAll('th button, [data-frames] input').length")
        follow(tab, "8")
        target = tab.value("document.querySelectorAll('.matrix a')[8].hash.slice(1)")
        assert tab.value(
            f"document.getElementById('{target}').closest('section').querySelectorAll('svg').length"
        )


def test_many_pruning_paths_are_a_row_each(large: Path, tmp_path: Path) -> None:
    """The first matrix has one row per path, found by its name; what each path says in words is folded."""
    with opened(large, tmp_path / "browser") as tab:
        rows = "[...document.querySelectorAll('.matrix')[0].querySelectorAll('tbody tr')]"
        names = f"{rows}.filter(each => each.getClientRects().length).map(each => each.cells[0].textContent)"
        everyone = tab.value(names)
        assert len(everyone) == PATHS
        assert [name.split()[0] for name in everyone[:2]] == ["model0", "model1"]
        box = "document.querySelector('input[aria-label^=\"Filter rows of: The worst\"]')"
        tab.value(f"{box}.value = 'model3'; {box}.dispatchEvent(new Event('input'))")
        assert [name.split()[0] for name in tab.value(names)] == ["model3"]
        tab.value(f"{box}.value = ''; {box}.dispatchEvent(new Event('input'))")
        assert tab.value(names) == everyone
        answers = (
            "[...document.querySelectorAll('p.answer')].filter(each => !each.closest('details'))"
        )
        (said,) = tab.value(f"{answers}.map(each => each.textContent)")
        assert said.startswith(f"None of {PATHS} pruning paths")
        table = f"document.querySelector('table[data-title=\"{TITLE}\"]')"
        assert tab.value(f"{table}.tBodies[0].rows.length") == PATHS


def test_on_paper_packed_sections_take_no_pages(large: Path, tmp_path: Path) -> None:
    """The section that is open is printed; each of the others would be a page with one sentence on it."""
    with opened(large, tmp_path / "browser") as tab:
        tab.value("new Promise(done => setTimeout(done, 300))")
        assert 3 < tab.printed_pages() < PATHS


def test_a_large_page_without_scripts_has_the_answer_and_says_where_the_rest_is(
    large: Path,
) -> None:
    page = large.read_text(encoding="utf-8")
    body = page[page.index("<main>") :]
    assert body.count("<noscript>") == 2 * PATHS + 1
    assert "they open where scripts are allowed" in body


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
        assert tab.value("document.querySelectorAll('th button, select, input').length") == 0
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
