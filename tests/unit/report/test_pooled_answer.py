"""The pooled verdict in words, on tables of a few rows."""

import polars as pl
import pytest
from figures import synthetic
from figures.test_content import verdict_of

from keepfaith.artifacts.schemas import POOLED
from keepfaith.report.pooled_answer import kept_in_every_task, pooled_findings


def pooled(statuses: str, quantity: str = "accuracy", left_out: str | None = None, **columns):
    """POOLED from one letter per level (k, u, h, d), of eight tasks, all of them kept unless said."""
    defaults = {
        "left_out": left_out, "tasks": 8, "measured_tasks": 8, "kept_tasks": 8, "degraded_tasks": 0,
        "worst_task": "rte", "worst_harm": 0.01, "worst_status": "kept", "heterogeneity": 0.5,
    }  # fmt: skip
    own = verdict_of(statuses, quantity)
    own = own.select("level", "quantity", "method", "harm", "margin", "status")
    rows = [row | defaults | columns for row in own.iter_rows(named=True)]
    return synthetic.table(rows, POOLED)


def only(*tables: pl.DataFrame):
    (found,) = pooled_findings({"m/cosine": pl.concat(tables)})
    return found


def test_the_answer_of_the_means():
    found = only(pooled("kkud"), pooled("kkkk", "brier"))
    assert (found.model, found.order, found.tasks) == ("m", "cosine", 8)
    assert (found.finding.kept, found.finding.clear) == (
        "level 2 (deepest run: 4)",
        "level 3 (deepest run: 4)",
    )
    assert found.everywhere == "level 4 (deepest run: 4)"
    assert found.notes == (
        "At level 2 the largest harm of a single task is that of accuracy on rte: 0.5 margins (kept by its own "
        "verdict); after Holm's correction over tasks no task is shown to be degraded.",
    )


def test_a_study_of_one_task_has_no_answer_of_means():
    assert pooled_findings({"m/cosine": pooled("k").clear()}) == []


@pytest.mark.parametrize(("kept", "level"), [((8, 8, 8), 3), ((8, 7, 8), 1), ((7, 8, 8), 0)])
def test_kept_in_every_task_ends_at_the_first_gap(kept, level):
    table = pooled("kkk").with_columns(kept_tasks=pl.Series(kept))
    assert kept_in_every_task(table) == level
    assert kept_in_every_task(pl.concat([pooled("kkk", "brier"), table])) == level


def test_a_quantity_that_no_task_has_is_kept_in_none():
    assert kept_in_every_task(pooled("u", measured_tasks=0, kept_tasks=0)) == 0


def test_tasks_that_a_mean_hides_are_named():
    hidden = pooled(
        "kd", kept_tasks=6, degraded_tasks=2, worst_harm=0.1, worst_status="degraded", heterogeneity=0.001,
    )  # fmt: skip
    (note,) = only(hidden, pooled("kk", "brier")).notes
    assert note == (
        "At level 1 the largest harm of a single task is that of accuracy on rte: 5.0 margins (degraded by its "
        "own verdict); after Holm's correction over tasks degraded: accuracy in 2 of 8 (largest harm: rte, degraded); "
        "tasks differ by more than chance (Cochran's Q) in accuracy."
    )
    assert only(hidden).everywhere == "no level"


def test_tasks_that_are_not_in_a_mean_are_named_with_the_reason():
    found = only(
        pooled("k", not_pooled="rte (no value)"),
        pooled("k", "brier", not_pooled="rte (no value)"),
        pooled("k", "ece"),
    )
    assert (
        found.notes[0]
        == "Not all tasks are in every mean: accuracy, Brier score without rte (no value)."
    )


def test_leaving_out_each_task():
    same = [pooled("kkud", left_out=task) for task in ("rte", "boolq", "sst2")]
    assert only(pooled("kkud"), *same).notes[-1] == (
        "Without any one of the tasks, the level up to which all is kept is the same."
    )
    other = [
        pooled("kkkk", left_out="rte"),
        pooled("kkud", left_out="boolq"),
        pooled("uuud", left_out="sst2"),
        pooled("uddd", left_out="arc"),
    ]
    assert only(pooled("kkud"), *other).notes[-1] == (
        "The answer rests on single tasks: without sst2 or arc all is kept not even at level 1; without rte all is "
        "kept up to level 4."
    )


def test_tasks_left_out_for_one_reason_are_told_together():
    others = "rte (too little), boolq (too little), arc (no value), sst2 (too little)"
    found = only(pooled("kk", not_pooled=others))
    assert found.notes[0] == (
        "Not all tasks are in every mean: accuracy without rte, boolq and sst2 (too little), arc (no value)."
    )


def test_without_any_value():
    empty = {"worst_task": None, "worst_harm": None, "worst_status": None, "measured_tasks": 0}
    found = only(pooled("u", kept_tasks=0, **empty))
    assert found.notes == () and found.finding.kept == "no level"
