"""The values behind the answer are those of the tables, at the levels that the answer names."""

from dataclasses import replace

import polars as pl
import pytest
from figures import synthetic
from figures.test_content import verdict_of

from keepfaith.artifacts.schemas import METRICS
from keepfaith.figures.cell_tables import CellTables
from keepfaith.report.tables import TableCell
from keepfaith.report.values_table import named_levels, values_table


def with_values(**metrics: list[float]) -> CellTables:
    """A cell with these values by level, from the dense model on."""
    rows: list[dict[str, object]] = [
        {"metric": metric, "level": level, "value": value}
        for metric, values in metrics.items()
        for level, value in enumerate(values)
    ]
    return replace(synthetic.cell(), metrics=synthetic.table(rows, METRICS))


@pytest.mark.parametrize(
    ("statuses", "headings"),
    [
        ("kud", ["Dense", "Level 1, all kept", "Level 3, degraded first"]),
        ("uud", ["Dense", "Level 2, no degradation shown", "Level 3, degraded first"]),
        ("dkk", ["Dense", "Level 1, degraded first"]),
        ("kkk", ["Dense", "Level 3, all kept"]),
    ],
)
def test_levels_are_those_that_the_answer_names(statuses: str, headings: list[str]) -> None:
    assert list(named_levels(verdict_of(statuses, "accuracy")).values()) == headings


def test_values_are_means_over_the_tasks_with_the_marks_of_the_verdict() -> None:
    tables = {
        "sst2": with_values(accuracy=[0.9, 0.8, 0.7], ece=[0.1, 0.2, 0.3], ece_tempered=[0.1] * 3),
        "rte": with_values(accuracy=[0.7, 0.7, 0.5], ece=[0.1, 0.1, 0.1]),
    }
    verdict = pl.concat([verdict_of("kd", "accuracy"), verdict_of("ku", "ece")])
    shown = values_table("m, o", verdict, tables, folded=False)
    assert shown is not None
    assert shown.title == "The values behind it: m, o, means over tasks"
    assert shown.header == (
        "Metric",
        "Tasks",
        "Dense",
        "Level 1, all kept",
        "Level 2, degraded first",
    )
    assert [[cell.text for cell in row] for row in shown.rows] == [
        ["accuracy (higher is better)", "2", "0.800", "0.750", "0.600"],
        ["ECE (lower is better)", "2", "0.100", "0.150", "0.200"],
        ["ECE with own temperature (lower is better; not judged)", "1", "0.100", "0.100", "0.100"],
    ]
    assert shown.rows[0][2:] == (
        TableCell("0.800"), TableCell("0.750", "kept"), TableCell("0.600", "degraded")
    )  # fmt: skip


def test_a_task_that_the_mean_leaves_out_is_in_no_value() -> None:
    tables = {"sst2": with_values(accuracy=[0.9, 0.8]), "rte": with_values(accuracy=[0.5, 0.5])}
    verdict = verdict_of("d", "accuracy").with_columns(
        not_pooled=pl.lit("rte (the dense model is no better than chance)")
    )
    shown = values_table("m, o", verdict, tables, folded=True)
    assert shown is not None and shown.folded
    assert [[cell.text for cell in row] for row in shown.rows] == [
        ["accuracy (higher is better)", "1", "0.900", "0.800"]
    ]


def test_without_a_verdict_there_is_no_table() -> None:
    tables = synthetic.cell()
    assert values_table("m, o", tables.verdict.clear(), {"t": tables}, folded=False) is None


def test_a_task_stays_whose_name_ends_that_of_one_left_out() -> None:
    tables = {
        "qa": with_values(accuracy=[0.9, 0.8]),
        "openbook_qa": with_values(accuracy=[0.5, 0.5]),
        "rte": with_values(accuracy=[0.5, 0.5]),
    }
    verdict = verdict_of("d", "accuracy").with_columns(
        not_pooled=pl.lit(
            "openbook_qa (too little above chance to lose), rte (too few independent texts)"
        )
    )
    shown = values_table("m, o", verdict, tables, folded=True)
    assert shown is not None and [cell.text for cell in shown.rows[0]][1:] == [
        "1",
        "0.900",
        "0.800",
    ]
