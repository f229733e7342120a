"""A new figure is one file: it is drawn, stands in the report, and has its caption in Snakemake's own report."""

import html
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from docutils.core import publish_parts
from jinja2 import Environment

import keepfaith.figures.cell
import keepfaith.figures.study
from figures import synthetic
from figures.test_figures import FIGURES, PAPER, STUDY, summary_tables, svgs, texts
from keepfaith.artifacts.schemas import ALL
from keepfaith.figures.captions import caption_text, write_captions
from keepfaith.figures.cell_figures import cell_figures, draw, draw_all
from keepfaith.figures.study_figures import draw_all_study, draw_study, study_figures
from keepfaith.plugins.cell_figure import CELL_FIGURES
from keepfaith.plugins.study_figure import STUDY_FIGURES
from keepfaith.report.page import ReportCell, render_page
from keepfaith.report.study import StudyDescription

SCRIPTS = Path(keepfaith.__file__).parents[1]

NEW_CELL_FIGURE = '''"""How many rows the metrics have."""

from keepfaith.figures.style import canvas
from keepfaith.plugins.cell_figure import CellFigure


def draw(tables):
    figure, _ = canvas()
    figure.text(0, 0, f"{tables.metrics.height} rows")
    return figure


FIGURE = CellFigure(
    title="Rows",
    explanation="How many rows the metrics have.",
    position=15,
    needs=("metrics",),
    draw=draw,
    caption=lambda tables: f"There are {tables.metrics.height}.",
)
'''
NEW_STUDY_FIGURE = '''"""How many rows the verdict has."""

from keepfaith.figures.style import canvas
from keepfaith.plugins.study_figure import StudyFigure


def draw(tables):
    figure, _ = canvas()
    figure.text(0, 0, f"{tables['verdict'].height} judged, of {list(tables)}")
    return figure


FIGURE = StudyFigure(
    title="Judged rows",
    explanation="How many rows the verdict has.",
    position=5,
    tables=("verdict",),
    draw=draw,
)
'''


@pytest.fixture
def added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A figure of each kind in a folder of its own, found as those of the package are."""
    for package, name, text in (
        (keepfaith.figures.cell, "rows", NEW_CELL_FIGURE),
        (keepfaith.figures.study, "judged_rows", NEW_STUDY_FIGURE),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.py").write_text(text)
        monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path / name)])
    yield
    for name in ("cell.rows", "study.judged_rows"):
        sys.modules.pop(f"keepfaith.figures.{name}", None)


@pytest.mark.usefixtures("added")
def test_a_new_figure_is_one_file(tmp_path: Path):
    assert tuple(cell_figures()) == (*FIGURES[:1], "rows", *FIGURES[1:])
    assert tuple(study_figures()) == (STUDY[0], "judged_rows", *STUDY[1:])
    tables, summary = synthetic.cell(), summary_tables([("m", "o", "t")])
    found = dict(zip(cell_figures(), svgs(tmp_path / "c", cell_figures()), strict=True))
    study = dict(zip(study_figures(), svgs(tmp_path / "s", study_figures()), strict=True))
    draw_all(tables, found.values(), PAPER)
    draw_all_study(summary, study.values(), PAPER)
    assert f"{tables.metrics.height} rows" in found["rows"].read_text()
    # A figure sees the tables that it declares, and no other.
    judged = f"{summary['verdict'].height} judged, of ['verdict']"
    assert judged in html.unescape(study["judged_rows"].read_text())
    description = StudyDescription("s", {}, {}, {}, {}, {})
    page = render_page(description, [ReportCell("m", "o", "t", tables, [], found)], study)
    captions = re.findall(r"<figcaption>(.*?)</figcaption>", page, re.DOTALL)
    shown = [html.unescape(re.sub(r"<[^>]*>", "", caption)) for caption in captions]
    assert shown[0] == "How many rows the verdict has."
    # The second of the cell; of one order there is no comparison, and the page has the verdicts as a table.
    assert shown[len(study) - 2 + 1] == f"There are {tables.metrics.height}."
    assert 'aria-label="Judged rows"' in page and 'aria-label="Rows"' in page
    write_captions(cell_figures(), tmp_path)
    assert as_snakemake_shows(tmp_path / "rows.rst") == "Rows. How many rows the metrics have."


def as_snakemake_shows(path: Path) -> str:
    """A caption as `snakemake --report` renders it, without markup."""
    text = Environment(trim_blocks=True, lstrip_blocks=True).from_string(path.read_text()).render()
    parts = publish_parts(text, writer="html", settings_overrides={"halt_level": 2})
    return html.unescape(re.sub(r"<[^>]*>", "", parts["body"])).strip()


@pytest.mark.parametrize("registry", [CELL_FIGURES, STUDY_FIGURES], ids=lambda r: r.noun)
def test_captions_of_snakemakes_report_are_the_figures_own(registry, tmp_path):
    for _ in range(2):  # the second time over files that are there
        write_captions(registry.all(), tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {f"{n}.rst" for n in registry.names()}
    for name, figure in registry.all().items():
        shown = as_snakemake_shows(tmp_path / f"{name}.rst")
        assert shown == f"{figure.title}. {figure.explanation} {figure.detail}".strip()


@pytest.mark.parametrize("registry", [CELL_FIGURES, STUDY_FIGURES], ids=lambda r: r.noun)
def test_a_caption_is_two_sentences(registry):
    """What it shows, and how to read it; the rest is detail."""
    for name, figure in registry.all().items():
        sentences = re.findall(r"[.](?= |$)", figure.explanation)
        assert len(sentences) <= 2, name
        assert len(figure.explanation.split()) <= 60, name


def test_a_caption_is_written_again_when_its_figure_says_something_else(tmp_path):
    (tmp_path / "ece.rst").write_text("**Old.** Text.\n")
    write_captions({"ece": CELL_FIGURES.load("ece")}, tmp_path)
    assert as_snakemake_shows(tmp_path / "ece.rst").startswith("Calibration error. Expected")


@pytest.mark.parametrize(
    "text", ["a_ |b| `c` *d* :e:`f` g::", "{{ 7 * 7 }} {% raw %} {# x #}", "3 \u2264 4 <b> & \\n"]
)
def test_every_character_of_a_caption_stands_for_itself(text, tmp_path):
    (tmp_path / "x.rst").write_text(caption_text("T*", text))
    assert as_snakemake_shows(tmp_path / "x.rst") == f"T*. {text}"


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_needs_the_tables_that_it_says_and_no_others(name):
    """Without the others it is the same; metrics always have rows, since they say which levels there are."""
    tables, needs = synthetic.cell(), CELL_FIGURES.load(name).needs
    assert needs and set(needs) <= set(ALL)
    others = {
        table: getattr(tables, table).clear()
        for table in ("reliability", "curves", "overlap", "verdict", "order")
        if table not in needs
    }
    alone = replace(tables, **others)
    assert texts(draw(name, alone)) == texts(draw(name, tables))
    assert CELL_FIGURES.load(name).caption_of(alone) == CELL_FIGURES.load(name).caption_of(tables)


@pytest.mark.parametrize("name", STUDY)
def test_a_study_figure_declares_what_it_reads(name):
    """`draw_study` hands it nothing else, and without one of them it is another figure or none."""
    summary = summary_tables([("m", order, task) for order in "ab" for task in ("rte", "x")])
    whole = texts(draw_study(name, summary))
    for table in STUDY_FIGURES.load(name).tables:
        less = {other: frame for other, frame in summary.items() if other != table}
        try:
            assert texts(draw_study(name, less)) != whole
        except KeyError as error:
            assert error.args == (table,)


def test_declarations_are_read_without_matplotlib():
    """Every process of a job reads them, and Matplotlib takes longer to import than all of them."""
    heavy = ("matplotlib", "torch", "transformers", "sklearn", "datasets")
    program = (
        "import sys\n"
        "from keepfaith.plugins.cell_figure import CELL_FIGURES\n"
        "from keepfaith.plugins.study_figure import STUDY_FIGURES\n"
        "assert CELL_FIGURES.all() and STUDY_FIGURES.all()\n"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=SCRIPTS, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("registry", [CELL_FIGURES, STUDY_FIGURES], ids=lambda r: r.noun)
def test_no_two_figures_have_one_position(registry):
    positions = [figure.position for figure in registry.all().values()]
    assert len(set(positions)) == len(positions)
