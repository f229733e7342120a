"""Sections for model cards: the level of the answer, and its rows."""

from dataclasses import replace
from pathlib import Path

import polars as pl
from figures import synthetic

from keepfaith.report.card import TaskResult, what_it_cost
from keepfaith.report.card_section import card_sections
from keepfaith.report.page import ReportCell, verdicts_of
from keepfaith.report.savings import savings


def test_the_section_of_the_recommended_level_has_its_rows() -> None:
    tables = synthetic.cell()
    cells = [ReportCell("m", "o", "sst2", tables, [], dict[str, Path]())]
    efficiency = synthetic.with_path(synthetic.efficiency(tables.levels), "m", "o")
    (saving,) = savings(verdicts_of(cells), {}, efficiency, {"m/o": tables.order})
    assert 0 < saving.level < max(tables.levels)
    text = card_sections(cells, {}, efficiency)
    assert f"# m, order o, level {saving.level}" in text and saving.sentence in text
    results = [TaskResult("sst2", tables.metrics, tables.verdict)]
    rows = [line for line in what_it_cost(saving.level, results) if line.startswith("| sst2")]
    assert rows and [line for line in text.splitlines() if line.startswith("| sst2")] == rows
    assert f"export: {{levels: [{saving.level}]}}" in text


def test_without_a_level_to_recommend_there_is_no_table() -> None:
    tables = synthetic.cell()
    broken = tables.verdict.with_columns(
        status=pl.when(pl.col("quantity") == "accuracy")
        .then(pl.lit("degraded"))
        .otherwise("status")
    )
    cells = [ReportCell("m", "o", "sst2", replace(tables, verdict=broken), [], dict[str, Path]())]
    efficiency = synthetic.with_path(synthetic.efficiency(tables.levels), "m", "o")
    text = card_sections(cells, {}, efficiency)
    assert "No level can be recommended" in text and "| task |" not in text
