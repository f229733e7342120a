"""Published numbers beside a study's: the report's table by hand, and none where nothing matches."""

from pathlib import Path

import polars as pl
import pytest
from figures.test_literature import LLAMA, MISTRAL, NUMBERS, RTE, accuracies, ranking

from keepfaith.figures.literature import read_literature, with_published_study
from keepfaith.figures.published import read_published
from keepfaith.report.literature_table import LITERATURE_NOTE, literature_table

STUDY_ROWS = Path(NUMBERS).parent / "arxiv_2606_24970.csv"


def theirs(*tasks: str) -> pl.DataFrame:
    return with_published_study(read_literature(NUMBERS), read_published(STUDY_ROWS), tasks)


def test_rows_by_hand():
    metrics = accuracies({"rte": {0: 0.8, 8: 0.72}})
    table = literature_table(metrics, ranking(*["attention"] * 32), theirs("rte"))
    assert table is not None and table.folded
    rows = [tuple(cell.text for cell in row) for row in table.rows]
    own, there = ("m, o", "rte", "8", "0.250", "0.900"), "0.250"
    study = "published (arXiv:2606.24970)"
    llama, mistral = (f"{RTE[name][1] / RTE[name][0]:.3f}" for name in (LLAMA, MISTRAL))
    assert (llama, mistral) == ("0.954", "0.994")
    assert rows == [
        (*own, "1.000", there, "Mistral-7B, RTE", "LLM-Drop, arXiv:2406.15786, Table 1"),
        (*own, llama, there, f"{LLAMA}, rte", study),
        (*own, mistral, there, f"{MISTRAL}, rte", study),
    ]
    assert len(table.header) == len(rows[0])


def test_means_stand_beside_means():
    values = {0: 0.5, 1: 0.5}
    table = literature_table(
        accuracies({"x": values, "y": values}), ranking(*["attention"] * 4), theirs("x", "y")
    )
    assert table is not None
    assert {row[1].text for row in table.rows} == {"mean over 2 tasks"}
    assert ("Mistral-7B, avg8", "0.993") in {(row[7].text, row[5].text) for row in table.rows}


@pytest.mark.parametrize("components", [["mlp"] * 4, ["block"] * 4, []])
def test_no_table_where_nothing_matches(components):
    metrics = accuracies({"rte": {0: 0.8, 1: 0.72}})
    order = ranking("attention").clear() if not components else ranking(*components)
    assert literature_table(metrics, order, theirs("rte")) is None


def test_no_table_for_a_task_that_nobody_published():
    metrics = accuracies({"sentiment": {0: 0.8, 1: 0.72}})
    assert literature_table(metrics, ranking(*["attention"] * 4), theirs("sentiment")) is None


def test_of_many_levels_those_nearest_to_an_eighth_are_shown():
    metrics = accuracies({"rte": dict.fromkeys(range(17), 0.8)})
    table = literature_table(metrics, ranking(*["attention"] * 32), theirs("rte"))
    assert table is not None
    assert {int(row[2].text) for row in table.rows} == {4, 8, 12, 16}
    few = metrics.filter(pl.col("level") <= 8)
    table = literature_table(few, ranking(*["attention"] * 32), theirs("rte"))
    assert table is not None
    assert {int(row[2].text) for row in table.rows} == set(range(1, 9))


def test_the_note_says_how_far_to_trust_it():
    assert "orders of magnitude" in LITERATURE_NOTE and "at most 0.05 away" in LITERATURE_NOTE
