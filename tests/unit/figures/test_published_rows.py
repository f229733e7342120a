"""The published rows read at margins: the counts known of them, and what the figure shows beside a study's own rows."""

import polars as pl
import pytest

from figures import synthetic
from figures.test_figures import PUBLISHED_NUMBERS, assert_all_on_paper, summary_tables, texts
from keepfaith.figures.published import (
    keeps_accuracy_and_loses,
    published_harms,
    read_at_margins,
    read_published,
)
from keepfaith.figures.study_figures import draw_study
from keepfaith.plugins.quantity import QUANTITIES

DEFAULTS = {name: QUANTITIES.load(name).margin for name in ("accuracy", "ece", "comprehensiveness")}
STUDY_METHODS = {"lime": "lime", "kernelshap": "kernelshap"}
LLAMA, MISTRAL = "meta-llama/Llama-2-7b-hf", "mistralai/Mistral-7B-v0.1"


@pytest.fixture(scope="module")
def harms() -> pl.DataFrame:
    return published_harms(read_published(PUBLISHED_NUMBERS), STUDY_METHODS)


def test_how_many_published_rows_keep_accuracy_and_lose_something_else(harms):
    assert DEFAULTS == {"accuracy": 0.02, "ece": 0.02, "comprehensiveness": 0.05}
    read = read_at_margins(harms, DEFAULTS)
    accuracy = read.filter(quantity="accuracy")
    assert (accuracy.height, accuracy["within"].sum()) == (160, 99)
    hidden = keeps_accuracy_and_loses(read)
    counts = dict(hidden.group_by("quantity", "method").len().rows_by_key(["quantity", "method"]))
    assert {key: rows[0] for key, rows in counts.items()} == {
        ("ece", None): (13,),
        ("comprehensiveness", "lime"): (6,),
        ("comprehensiveness", "kernelshap"): (1,),
    }
    by_unit = hidden.filter(quantity="ece").group_by("model", "dataset").len()
    assert {row[:2]: row[2] for row in by_unit.iter_rows()} == {
        (LLAMA, "boolq"): 5,
        (LLAMA, "rte"): 5,
        (MISTRAL, "rte"): 3,
    }


def test_harms_of_one_row_by_hand(harms):
    """Llama-2-7B on ARC-Challenge with 11 layers dropped: .434 to .421, .366 to .379, .255 to .196, .237 to .177."""
    row = harms.filter(model=LLAMA, dataset="arc_challenge", level=11)
    rows = row.select("quantity", "method", "harm").iter_rows()
    found = {(name, method): harm for name, method, harm in rows}
    assert found == {
        ("accuracy", None): 0.013,
        ("ece", None): 0.013,
        ("comprehensiveness", "lime"): 0.059,
        ("comprehensiveness", "kernelshap"): 0.06,
        ("sufficiency", "lime"): 0.02,
        ("sufficiency", "kernelshap"): 0.014,
    }


def test_a_loss_of_exactly_the_margin_is_within_it():
    frame = pl.DataFrame(
        {"model": ["a"] * 2, "dataset": ["b"] * 2, "n_dropped": [0, 1], "accuracy": [0.434, 0.414], "ece": [0.1, 0.12]}
    )  # fmt: skip
    read = read_at_margins(published_harms(frame, {}), DEFAULTS)
    assert read.select("quantity", "within").rows() == [("accuracy", True), ("ece", True)]


def test_explanations_have_the_studys_name_of_what_a_method_is():
    named = published_harms(read_published(PUBLISHED_NUMBERS), {"mine": "lime", "lime": "random"})
    own = named.select("method", "own").unique().sort("method").rows()
    assert own == [(None, None), ("kernelshap", None), ("lime", "mine")]


def test_the_figure_counts_at_the_margins_of_the_study():
    tables = summary_tables([("builtin", "cosine", "sentiment")])
    shown = texts(draw_study("published", tables))
    for count in ("99 of 160 within 0.02", "13 of 99 beyond 0.02", "6 of 99 beyond 0.05"):
        assert count in shown
    assert "1 of 99 beyond 0.05" in shown
    assert "own" not in shown.replace("shown", "")
    wider = pl.when(pl.col("quantity") == "ece").then(pl.lit(0.05)).otherwise(pl.col("margin"))
    tables["verdict"] = tables["verdict"].with_columns(margin=wider)
    read = read_at_margins(tables["published"], DEFAULTS | {"ece": 0.05})
    count = keeps_accuracy_and_loses(read).filter(quantity="ece").height
    assert count < 13
    assert f"{count} of 99 beyond 0.05" in texts(draw_study("published", tables))


def test_own_rows_stand_beside_the_published_ones_of_their_task_and_fill_what_is_shown():
    cells = [("mine", "cosine", task) for task in ("rte", "boolq", "sst2")]
    tables = summary_tables(cells)
    status = pl.when(pl.col("level") < 3).then(pl.lit("kept")).otherwise(pl.lit("undecided"))
    tables["verdict"] = tables["verdict"].with_columns(status=status)
    figure = draw_study("published", tables)
    assert_all_on_paper(figure)
    accuracy, *_ = figure.axes
    labels = [text.get_text() for text in accuracy.get_yticklabels()]
    assert len(labels) == 12  # sst2 was not published
    for task in ("rte", "boolq"):
        place = labels.index(f"{task}: mine, cosine, own")
        assert labels[place - 1] == f"{task}: Mistral-7B-v0.1, published"
        single = [line for line in accuracy.lines if len(line.get_xdata()) == 1]
        marks = {line.get_xdata()[0]: line for line in single if line.get_ydata()[0] == place}
        changes = synthetic.cell(seed=("rte", "boolq").index(task)).series("accuracy")
        for level, change in changes.filter(pl.col("level") > 0).select("level", "change").rows():
            line = marks[level]
            assert (line.get_marker() == "o") == (-change <= 0.02)
            filled = line.get_markerfacecolor() != "white"
            if line.get_marker() == "o":
                assert filled == (level < 3)
