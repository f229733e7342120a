"""The page of imported logs: the report's own parts without models run, and hostile names that stay text."""

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from figures import synthetic
from figures.test_figures import FIGURES, PAPER, svgs

from keepfaith.artifacts.schemas import CAUTIONS, CURVES, ORDER, OVERLAP, SEGMENT_CURVES, SWAP
from keepfaith.artifacts.tables import empty_table
from keepfaith.figures.cell_figures import draw_all
from keepfaith.figures.cell_tables import CellTables
from keepfaith.plugins.cell_figure import CELL_FIGURES
from keepfaith.report.caveats import caveats
from keepfaith.report.glossary import GLOSSARY
from keepfaith.report.imported_page import (
    ImportedTask,
    describe_imports,
    render_imported_page,
    write_imported_report,
)

HOSTILE = '<script>alert("x")</script> & </p></body>'
OF_LOGS = [
    name
    for name in FIGURES
    if set(CELL_FIGURES.load(name).needs) <= {"metrics", "reliability", "verdict"}
]


def tables(levels: tuple[int, ...] = (0, 4, 8)) -> CellTables:
    """What an import has: no explanation, and no order."""
    whole = synthetic.cell(levels=levels)
    absent = {
        "order": ORDER, "curves": CURVES, "overlap": OVERLAP, "segment_curves": SEGMENT_CURVES, "swap": SWAP,
    }  # fmt: skip
    return replace(
        whole,
        metrics=whole.metrics.filter(pl.col("method").is_null()),
        verdict=whole.verdict.filter(pl.col("method").is_null()),
        **{name: empty_table(schema) for name, schema in absent.items()},
    )


@pytest.fixture(scope="module")
def drawn(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("figures")
    assert len(OF_LOGS) >= 5
    draw_all(tables(), svgs(folder, OF_LOGS), PAPER)
    return {name: folder / f"{name}.svg" for name in OF_LOGS}


@pytest.fixture(scope="module")
def page(drawn) -> str:
    cautions = [f"Texts were passed over: {HOSTILE}.", *caveats(tables())]
    said = pl.DataFrame({"caution": cautions}, schema=dict(CAUTIONS.columns))
    names = [("mine", "boolq"), ("mine", HOSTILE), (HOSTILE, "boolq")]
    tasks = [ImportedTask(name, task, tables(), said, drawn) for name, task in names]
    return render_imported_page(description(names), tasks)


def description(names):
    return describe_imports(
        {name: {"level 0": f"runs/{name}", "passage": None} for name in ("mine", HOSTILE)},
        names,
        {"calibration": {"bins": 10}, "statistics": {"confidence": 0.95}},
        {"metrics.csv": "../metrics.csv"},
    )


def text_of(page: str) -> str:
    """All text of the page, parsed as XML, which forgives no unclosed or crossed element."""
    first, rest = page.split("\n", 1)
    assert first == "<!DOCTYPE html>"
    return re.sub(r"\s+", " ", "".join(ElementTree.fromstring(rest).itertext()))


def test_hostile_names_are_text(page):
    assert page.count("<script") == 1  # its own
    assert text_of(page).count(HOSTILE) >= 6
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)
    assert policy.startswith("default-src 'none'; script-src 'sha256-")


def test_the_answer_is_a_matrix_of_runs_and_tasks(page):
    head = page[page.index('data-filter="The worst of all judged quantities, by task and level"') :]
    rows = re.findall(r'<tr><th scope="row"><a href="#([^"]+)">', head[: head.index("</table>")])
    assert len(rows) == 3 and all(f'<h2 id="{target}">' in page for target in rows)
    assert re.findall(r'<th scope="col">(\d+)</th>', head)[:2] == ["4", "8"]


def test_figures_tables_glossary_and_runs_are_there(page):
    for name in OF_LOGS:
        assert text_of(page).count(CELL_FIGURES.load(name).title) >= 3, name
    text = text_of(page)
    assert "Expected calibration error" in text or "ECE" in text
    assert all(term in text for term, _ in GLOSSARY)
    assert "Imports" in text and "runs/mine" in text and "statistics confidence0.95" in text
    assert '<a href="../metrics.csv">' in page


def test_nothing_is_said_of_what_an_import_does_not_have(page):
    text = text_of(page)
    assert "Which checkpoints" not in text and "its explanations degrade" not in text
    assert 'id="overview"' not in page and "Pruning orders" not in text
    assert "Dropped at this level" not in text and "Its explanations" not in text
    assert "No movement from level to level is tested" not in text
    assert "KV cache" not in text[: text.index("How to read each number")]


def test_every_caution_is_said_and_none_twice_in_a_task(page, drawn):
    own = caveats(tables())
    notes = ["A note of the reader.", *own]
    said = pl.DataFrame({"caution": notes}, schema=dict(CAUTIONS.columns))
    one = render_imported_page(
        description([("mine", "boolq")]),
        [ImportedTask("mine", "boolq", tables(), said, drawn)],
    )
    section = text_of(one)[text_of(one).index("boolq (imported logs)") :]
    for caution in notes:
        assert section.count(f"Caution: {caution}") == 1, caution
    assert "Texts were passed over" in text_of(page)


def test_equal_input_gives_an_equal_file(drawn, tmp_path):
    said = empty_table(CAUTIONS)
    tasks = [ImportedTask("mine", "boolq", tables(), said, drawn)]
    for name in ("a.html", "b.html"):
        write_imported_report(tmp_path / name, description([("mine", "boolq")]), tasks)
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()
