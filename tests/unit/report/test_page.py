"""The page: well-formed, self-contained, escaped, with every id once and every reference resolved."""

import base64
import hashlib
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from figures import synthetic
from figures.test_figures import FIGURES, PAPER, STUDY, summary_tables, svgs

from keepfaith.artifacts.schemas import MISALIGNMENT
from keepfaith.figures.cell_figures import draw_all
from keepfaith.figures.cell_tables import OF_EXPLANATIONS
from keepfaith.figures.literature import LITERATURE
from keepfaith.figures.study_figures import draw_all_study, study_figures
from keepfaith.plugins.cell_figure import CELL_FIGURES
from keepfaith.report.examples import explained_examples
from keepfaith.report.glossary import GLOSSARY
from keepfaith.report.html import signed
from keepfaith.report.literature_table import LITERATURE_NOTE, LITERATURE_TITLE
from keepfaith.report.page import ReportCell, render_page, write_report
from keepfaith.report.study import StudyDescription, facts

HOSTILE = '<script>alert("x")</script>'
PROMPT = f'{HOSTILE} & it\'s "fine" </p></body>\nAnswer:'


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Figures of one cell and of the study, drawn once."""
    root = tmp_path_factory.mktemp("figures")
    draw_all(synthetic.cell(deepest=2), svgs(root / "cell", FIGURES), PAPER)
    cells = [("builtin", "cosine", task) for task in ("sentiment", HOSTILE)]
    draw_all_study(summary_tables(cells), svgs(root / "study", STUDY), PAPER)
    return root


def drawn(folder: Path) -> dict[str, Path]:
    """The figures in a folder by name."""
    return {name: folder / f"{name}.svg" for name in (*FIGURES, *STUDY)}


@pytest.fixture(scope="module")
def page(folders):
    return render_page(study(), cells(folders), drawn(folders / "study"), pooled())


def pooled() -> dict[str, pl.DataFrame]:
    """Of the one pruning path."""
    return {"builtin/cosine": synthetic.pooled(synthetic.cell(deepest=2).verdict)}


def study() -> StudyDescription:
    return StudyDescription(
        name=f"study {HOSTILE}",
        models={"builtin": {"description": f"A model {HOSTILE}", "layers": 8}},
        orders={"cosine": {"criterion": "cosine"}},
        tasks={"sentiment": {"prompt": PROMPT}},
        methods={"kernelshap": {"seeds": "0, 1"}},
        settings={"examples seed": 0},
        packages={"torch": "2.13.0"},
        downloads={"metrics.csv": "../summary/metrics.csv"},
    )


def cells(folders) -> list[ReportCell]:
    tables = synthetic.cell(deepest=2)
    found = explained_examples(*synthetic.explained(4, 2, PROMPT), tables.verdict, 3)
    return [
        ReportCell("builtin", "cosine", task, tables, found, drawn(folders / "cell"))
        for task in ("sentiment", HOSTILE)
    ]


def tree(page: str) -> ElementTree.Element:
    """The page parsed as XML, which forgives no unclosed or crossed element."""
    first, rest = page.split("\n", 1)
    assert first == "<!DOCTYPE html>"
    return ElementTree.fromstring(rest)


def test_contents_name_model_and_order_only_where_there_are_several(folders, page):
    nav = r'<ul class="cells">.*?</ul>'
    own = cells(folders)
    two = render_page(study(), [own[0], replace(own[1], order="last_k")], {})
    assert "builtin, " not in re.search(nav, page, re.DOTALL)[0]
    assert "builtin, last_k" in re.search(nav, two, re.DOTALL)[0]


def test_no_sentence_runs_into_what_follows_it(folders):
    """A point is followed by a blank, wherever the template breaks its lines."""
    few = synthetic.cell(deepest=2)
    few = replace(few, metrics=few.metrics.with_columns(examples=29, clusters=29))
    page = render_page(
        study(), [replace(cell, tables=few) for cell in cells(folders)], drawn(folders / "study")
    )
    words = re.sub(
        r"<svg.*?</svg>|<(style|script).*?</\1>|<pre.*?</pre>", "", page, flags=re.DOTALL
    )
    words = re.sub(r"</?(span|a|b|strong|em|i|sup|sub|dfn|abbr)\b[^>]*>", "", words)
    assert re.search(r"\. \(\d+ cautions? in its section\)", words)
    assert not re.findall(r"\w{3,}[.;][(A-Z].{20}", words)


def test_the_page_is_well_formed_with_every_id_once(page):
    ids = [element.get("id") for element in tree(page).iter() if element.get("id")]
    assert len(ids) == len(set(ids)) > 100


def test_every_reference_has_its_target(page):
    ids = set(re.findall(r'\bid="([^"]+)"', page))
    targets = re.findall(r'(?:href="#|url\(#)([^")]+)', page)
    assert targets and set(targets) <= ids


def test_hostile_text_is_text(page):
    assert page.count("<script") == 1  # its own
    assert "&lt;script&gt;" in page
    text = "".join(tree(page).itertext())
    assert HOSTILE in text and "</p></body>" in text


def test_nothing_is_loaded_from_elsewhere(page):
    for element in tree(page).iter():
        name = element.tag.split("}")[-1]
        assert name not in {"link", "iframe", "object", "embed", "base", "form"}
        for attribute, value in element.attrib.items():
            kind = attribute.split("}")[-1]
            if kind in {"src", "srcset", "data", "poster", "action"}:
                pytest.fail(f"{name} loads {value}")
            if kind == "href" and name not in {"a"}:
                assert value.startswith(("#", "data:image/png;base64,")), (name, value[:60])
            assert not kind.startswith("on"), f"{name} runs {value}"
    assert "@import" not in page and not re.search(r"url\((?!#)", page)


def test_a_browser_is_told_to_load_nothing_and_to_run_one_script(page):
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert policy.startswith(f"default-src 'none'; script-src 'sha256-{digest}'; ")
    assert "unsafe-inline" not in policy.split(";")[1] and "unsafe-eval" not in policy
    assert page.index("Content-Security-Policy") < page.index("<style>") < page.index("<script>")
    assert not re.search(r"https?:|fetch|import\(|eval|innerHTML", script)


def test_the_answer_begins_with_the_verdict_at_one_glance(page):
    head = page[page.index('id="answer"') :]
    assert head.index('class="matrix"') < head.index('class="answers"')
    cells = re.findall(r'<td class="on-(\w+)" title="(\w+): ', page)
    assert cells and all(status == worst for status, worst in cells)


def test_misaligned_levels_stand_on_the_page_of_their_cell(folders):
    found = cells(folders)
    rows = [
        {"level": 1, "quantity": "ece", "direction": direction, "accuracy_harm": 0.0, "accuracy_margin": 0.02,
         "harm": 0.1, "margin": 0.02, "p_adjusted": 0.001, "shown": direction == "accuracy_kept"}
        for direction in ("accuracy_kept", "accuracy_degraded")
    ]  # fmt: skip
    table = pl.DataFrame(rows, schema=dict(MISALIGNMENT.columns))
    found[0] = replace(found[0], tables=replace(found[0].tables, misalignment=table))
    text = "".join(tree(render_page(study(), found, drawn(folders / "study"))).itertext())
    assert text.count("another quantity to be degraded): 1. Level 1: ECE.") == 1
    assert text.count("Accuracy against every other quantity") == 1


def test_tables_of_the_study_are_linked(page):
    links = {e.get("href"): e.text for e in tree(page).iter() if e.tag.split("}")[-1] == "a"}
    assert links["../summary/metrics.csv"] == "metrics.csv"


def test_it_says_what_was_run_the_answer_and_how_to_read_it(page):
    text = re.sub(r"\s+", " ", "".join(tree(page).itertext()))
    for expected in ("torch 2.13.0", "Degraded first, at level", "KernelSHAP", "seeds 0, 1"):
        assert expected in text
    for heading in (
        "What was run",
        "The answer",
        "How to read each number",
        "Provenance and files",
    ):
        assert heading in text
    for term, _ in GLOSSARY:
        assert term in text
    words = (
        "In words",
        "Layer scores",
        "Kept (non-inferior): the interval",
        "Pruning orders",
        "Settings",
    )
    places = [text.index(word) for word in words]
    assert places == sorted(places)


def test_the_answer_leads_with_the_mean_over_tasks(page, folders):
    captions = [e.text for e in tree(page).iter() if e.tag.endswith("}caption")]
    first, second = "In the mean over tasks", "Each task"
    assert captions.index(first) < captions.index(second) < captions.index("Settings")
    text = re.sub(r"\s+", " ", "".join(tree(page).itertext()))
    assert "In the mean over 3 tasks, " in text and "of a single task is that of" in text
    one = {"builtin/cosine": pooled()["builtin/cosine"].clear()}
    for of_study in (one, None):
        other = render_page(study(), cells(folders), drawn(folders / "study"), of_study)
        found = [e.text for e in tree(other).iter() if e.tag.endswith("}caption")]
        assert first not in found and second not in found


def test_every_figure_that_shows_something_stands_on_the_page_with_its_caption(page, folders):
    root = tree(page)
    figures = [element for element in root.iter() if element.tag.endswith("}figure")]
    shown = [svg for svg in drawn(folders / "study").values() if svg.is_file()]
    empty = [svg.stem for svg in shown if "nothing-to-show" in svg.read_text(encoding="utf-8")]
    assert empty == ["orders_compared"]  # the study has one order
    assert "Orders compared" not in page
    as_tables = [name for name, figure in study_figures().items() if not figure.on_page]
    assert as_tables == ["verdicts"] and "Verdict of every task" not in page
    assert len(figures) == len(STUDY) - 2 + 2 * len(FIGURES)
    captions = {
        "".join(element.itertext()) for element in root.iter() if element.tag.endswith("figcaption")
    }
    tables = synthetic.cell(deepest=2)
    assert {CELL_FIGURES.load(name).caption_of(tables) for name in FIGURES} <= captions
    anchors = set(re.findall(r'href="#(term-[^"]+)"', page))
    assert "term-ece" in anchors and anchors <= set(re.findall(r'id="(term-[^"]+)"', page))


def test_all_metrics_of_the_predictions_are_folded_away(page):
    root = tree(page)
    every = [element for element in root.iter() if element.tag.endswith("}details")]
    own = [e for e in every if not e.get("open") and e.get("class") != "more"]
    folded = [e for e in own if not "".join(e[0].itertext()).startswith("The same for")]
    assert ["".join(element[0].itertext()) for element in folded] == 2 * [
        "All metrics of the predictions"
    ]
    for element in folded:
        rows = ["".join(row.itertext()) for row in element.iter() if row.tag.endswith("}tr")]
        names = synthetic.cell(deepest=2).metrics.filter(
            pl.col("family").is_in(["accuracy", "calibration"])
        )["metric"]
        assert len(rows) == 1 + names.n_unique()
        assert any("Brier 1950" in row and "0.1400" in row for row in rows)


def test_tokens_carry_their_scores_as_titles(page):
    assert re.search(
        r'<span title="[+-]\d+\.\d{4}" style="background:rgba\(var\(--(toward|against)\)', page
    )


def test_equal_input_gives_an_equal_page(page, folders, tmp_path):
    path = tmp_path / "index.html"
    write_report(path, study(), cells(folders), drawn(folders / "study"), pooled())
    assert path.read_text(encoding="utf-8") == page


def test_without_methods_examples_or_pruned_levels(folders):
    tables = replace(synthetic.cell(deepest=0, methods=()))
    cell = ReportCell("builtin", "cosine", "sentiment", tables, [], drawn(folders / "cell"))
    text = "".join(tree(render_page(study(), [cell], drawn(folders / "study"))).itertext())
    assert "no level but the dense one was run" in text and "Explained examples" not in text


def test_a_missing_figure_is_an_error(folders, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"verdict\.svg"):
        render_page(
            study(),
            [replace(cell, figures=drawn(tmp_path)) for cell in cells(folders)],
            drawn(folders / "study"),
        )


def test_facts_are_flat_and_leave_out_what_is_not_set():
    entry = {"a_b": 1, "inner": {"x": None, "y": [1, 2]}, "none": None, "empty": [], "no": False}
    assert facts(entry) == {"a b": 1, "inner y": "1, 2", "no": False}


def test_signed_numbers():
    assert signed(0.12345) == "+0.123" and signed(-2, 1) == "-2.0"


def test_what_each_task_can_decide_stands_in_the_answer(page):
    root = tree(page)
    (table,) = (
        element
        for element in root.iter()
        if element.tag.endswith("}table")
        and "".join(element[0].itertext()) == "What each task can decide"
    )
    rows = [
        ["".join(cell.itertext()) for cell in row]
        for row in table.iter()
        if row.tag.endswith("}tr")
    ]
    assert rows[0][:2] == ["Task", "Quantity"]
    assert len(rows) == 1 + 2 * 5  # two tasks of five judged quantities
    assert ["sentiment", "accuracy", "200", "0.09", "0.018", "0.02", "yes", "0.044"] in rows


def test_a_task_that_is_not_explained_has_no_figures_of_explanations(folders) -> None:
    """Beside one that is: only the other figures stand in its section."""
    whole = cells(folders)[0]
    bare = replace(
        whole.tables, **{name: getattr(whole.tables, name).clear() for name in OF_EXPLANATIONS}
    )
    other = ReportCell("builtin", "cosine", "filled", bare, [], whole.figures)
    text = render_page(study(), [whole, other], drawn(folders / "study"), pooled())
    shown = {index: {name for name in FIGURES if f"c{index}-{name}-" in text} for index in (0, 1)}
    assert shown[0] == set(FIGURES)
    of_explanations = {"curves", "drift", "effects", "faithfulness", "overlap", "segment_curves", "swap"}  # fmt: skip
    assert shown[1] == set(FIGURES) - of_explanations


def test_published_numbers_stand_on_the_page_where_they_match(folders):
    row = {
        "source": f"A paper {HOSTILE}", "model": f"M {HOSTILE}", "component": "attention", "share": 0.125,
        "task": "sentiment", "score": "acc", "retained": 0.875, "speedup": None,
    }  # fmt: skip
    published = pl.DataFrame([row], schema=LITERATURE)
    page = render_page(study(), cells(folders), {}, literature=published)
    assert page.count(f'<table data-title="{LITERATURE_TITLE}"') == 1
    assert page.count("<script") == 1 and "0.875" in page and LITERATURE_NOTE.split(". ")[0] in page
    assert "".join(tree(page).itertext()).count(f"A paper {HOSTILE}") == 1
    other = published.with_columns(share=0.9)
    assert LITERATURE_TITLE not in render_page(study(), cells(folders), {}, literature=other)
    assert LITERATURE_TITLE not in render_page(study(), cells(folders), {})
