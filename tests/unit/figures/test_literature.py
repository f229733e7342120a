"""The literature's numbers: read with one line for a wrong row, and set beside a study's by task and share."""

import csv
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from figures import synthetic
from keepfaith.artifacts.tables import ArtifactError
from keepfaith.figures.literature import (
    LITERATURE,
    SHARE_TOLERANCE,
    beside,
    read_literature,
    retained_accuracy,
    with_published_study,
)
from keepfaith.figures.published import read_published
from keepfaith.figures.study_figures import draw_study

PUBLISHED_FOLDER = Path(__file__).parents[3] / "config" / "catalog" / "published"
NUMBERS = PUBLISHED_FOLDER / "literature.csv"
LLAMA, MISTRAL = "meta-llama/Llama-2-7b-hf", "mistralai/Mistral-7B-v0.1"
RTE = {LLAMA: (0.628, 0.599), MISTRAL: (0.679, 0.675)}
"""Accuracy of the published study without 0 and without 8 of 32 attention layers."""
BOOLQ = (0.777, 0.765)
"""The same of Llama-2-7B."""


@pytest.fixture(scope="module")
def literature() -> pl.DataFrame:
    return read_literature(NUMBERS)


@pytest.fixture(scope="module")
def published() -> pl.DataFrame:
    return read_published(PUBLISHED_FOLDER / "arxiv_2606_24970.csv")


def accuracies(values: dict[str, dict[int, float]], order: str = "o") -> pl.DataFrame:
    """METRICS of model m with these accuracies by task and level."""
    rows = [
        {"model": "m", "order": order, "task": task, "level": level, "metric": "accuracy", "value": value}
        for task, of_task in values.items()
        for level, value in of_task.items()
    ]  # fmt: skip
    return pl.DataFrame(rows)


def ranking(*components: str, order: str = "o") -> pl.DataFrame:
    """ORDER of model m with these components, in the order in which they are dropped."""
    return pl.DataFrame(
        {"model": "m", "order": order, "position": index + 1, "component": component}
        for index, component in enumerate(components)
    )


def test_every_shipped_row_agrees_with_its_own_numbers(literature):
    """By the standard library alone: share and ratio of each row, from the numbers that the source printed."""
    with NUMBERS.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == literature.height == 40
    for row, read in zip(rows, literature.iter_rows(named=True), strict=True):
        assert read["source"] == row["source"] and read["model"] == row["model"]
        assert read["task"] == (None if row["task"] == "mean" else row["task"])
        if row["dropped"]:
            assert read["share"] == pytest.approx(int(row["dropped"]) / int(row["layers"]))
        if row["dense"]:
            assert read["retained"] == pytest.approx(
                float(row["pruned"]) / float(row["dense"]), abs=6e-4
            )


def test_rows_are_those_of_the_papers(literature):
    """LLM-Drop: Mistral-7B without 8 of 32 layers keeps 69.8 of 70.3 and is 1.23 times as fast; BoolQ 82.7 of 83.7."""
    mistral = literature.filter(model="Mistral-7B", share=0.25, component="attention")
    rows = mistral.select("score", "task", "retained", "speedup").iter_rows()
    found = {score: values for score, *values in rows}
    assert found["avg8"] == [None, 0.993, 1.23]
    assert found["BoolQ"] == ["boolq", 0.988, 1.23]
    assert found["avg4 random order"] == [None, 0.74, None]


def changed(tmp_path: Path, old: str, new: str) -> Path:
    text = NUMBERS.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "numbers.csv"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("attention,4,0.125,mean", "attention,4,0.15,mean", "2 .*: share must be dropped / layers, 0.125, not 0.15$"),
        ("attention,4,0.125,mean", "attention,4,,mean", "line 2 .*: share is empty$"),
        ("attention,4,0.125,mean", "attention,four,0.125,mean", "line 2 .*: dropped must be a number, not 'four'$"),
        ("attention,4,0.125,mean", "attentoin,4,0.125,mean", "2 .*: component must be one of .*, not 'attentoin'$"),
        ("attention,4,0.125,mean", "attention,4,0.125,", "line 2 .*: task is empty$"),
        ("69.8,0.993,1.23", "69.8,0.999,1.23", "line 3 .*: retained must be pruned / dense, 0.993, not 0.999$"),
        ("69.8,0.993,1.23", "69.8,0.993,-1.23", "line 3 .*: speedup must be above 0, not -1.23$"),
        ("attention,,0.33,mmlu", "attention,,1.33,mmlu", "line 38 .*: share must be at most 1, not 1.33$"),
        ("source,model,", "source,modell,", r"need the columns \['model'\]$"),
        ("1.10,\n", "1.10,,,\n", "no table: "),
    ],
)  # fmt: skip
def test_a_wrong_row_is_one_line(tmp_path, old, new, said):
    with pytest.raises(ArtifactError, match=said) as refused:
        read_literature(changed(tmp_path, old, new))
    assert "\n" not in str(refused.value)
    assert "numbers.csv: " in str(refused.value)


def test_accuracy_is_divided_by_that_of_the_dense_model():
    metrics = accuracies({"rte": {0: 0.8, 1: 0.6}, "boolq": {0: 0.4, 1: 0.4}})
    found = retained_accuracy(metrics, ranking(*["attention"] * 4))
    rows = found.select("task", "tasks", "level", "share", "dense", "retained").rows()
    # The mean falls from .6 to .5: not the mean of the two ratios, .875.
    assert rows == [
        (None, 2, 1, 0.25, pytest.approx(0.6), pytest.approx(5 / 6)),
        ("boolq", 1, 1, 0.25, 0.4, 1.0),
        ("rte", 1, 1, 0.25, 0.8, pytest.approx(0.75)),
    ]


def test_only_levels_without_anything_but_attention_count():
    metrics = accuracies({"rte": dict.fromkeys(range(5), 0.5)})
    joint = ranking("attention", "attention", "mlp", "attention")
    assert retained_accuracy(metrics, joint).select("level", "share").rows() == [
        (1, pytest.approx(1 / 3)),
        (2, pytest.approx(2 / 3)),
    ]
    for other in ("mlp", "block"):
        assert retained_accuracy(metrics, ranking(*[other] * 4)).is_empty()
    assert retained_accuracy(metrics, joint.clear()).is_empty()  # checkpoints


def test_a_dense_model_without_a_right_answer_has_no_share():
    metrics = accuracies({"rte": {0: 0.0, 1: 0.0}})
    assert retained_accuracy(metrics, ranking("attention", "attention")).is_empty()


def test_published_rows_of_the_same_task_at_the_nearest_share(literature, published):
    """RTE without 8 of 32 layers: LLM-Drop 66.8 of 66.8; the published study .599 of .628 and .675 of .679."""
    metrics = accuracies({"rte": {0: 0.8, 1: 0.72}})
    own = retained_accuracy(metrics, ranking(*["attention"] * 4))
    found = beside(own, with_published_study(literature, published, ["rte"]))
    assert set(found["component"]) == {"attention"}
    rows = found.select("published_model", "published_share", "score", "published_retained")
    dense = {LLAMA: RTE[LLAMA][0], MISTRAL: RTE[MISTRAL][0]}
    assert sorted(rows.rows()) == [
        ("Mistral-7B", 0.25, "RTE", 1.0),
        (LLAMA, 0.25, "rte", pytest.approx(RTE[LLAMA][1] / dense[LLAMA])),
        (MISTRAL, 0.25, "rte", pytest.approx(RTE[MISTRAL][1] / dense[MISTRAL])),
    ]


def test_a_share_that_no_paper_has_nearby_has_no_row(literature, published):
    metrics = accuracies({"rte": {0: 0.8, 15: 0.7}})
    own = retained_accuracy(metrics, ranking(*["attention"] * 20))
    assert own["share"].to_list() == [0.75]
    assert beside(own, with_published_study(literature, published, ["rte"])).is_empty()
    near = own.with_columns(share=pl.lit(0.5 + SHARE_TOLERANCE))
    assert beside(near, with_published_study(literature, published, ["rte"])).height == 2


def test_the_nearest_of_a_series_is_chosen_by_brute_force(literature, published):
    tasks = ["rte", "boolq", "openbookqa"]
    random = np.random.default_rng(0)
    metrics = accuracies({task: {k: float(random.uniform(0.3, 0.9)) for k in range(15)} for task in tasks})  # fmt: skip
    own = retained_accuracy(metrics, ranking(*["attention"] * 22))
    theirs = with_published_study(literature, published, tasks)
    found = beside(own, theirs)
    expected = set()
    for mine in own.iter_rows(named=True):
        best: dict[tuple[str, ...], tuple[float, float]] = {}
        for row in theirs.iter_rows(named=True):
            series = (row["source"], row["model"], row["score"])
            candidate = (round(abs(row["share"] - mine["share"]), 9), row["share"])
            if row["task"] == mine["task"] and candidate[0] <= SHARE_TOLERANCE:
                best[series] = min(best.get(series, candidate), candidate)
        expected |= {(mine["task"], mine["level"], *series, share) for series, (_, share) in best.items()}  # fmt: skip
    columns = ("task", "level", "source", "published_model", "score", "published_share")
    assert set(found.select(columns).rows()) == expected
    assert found.height == len(expected) > 100


def test_the_mean_of_the_published_study_is_over_the_same_tasks_or_none(literature, published):
    def means(tasks: list[str]) -> pl.DataFrame:
        rows = with_published_study(literature, published, tasks)
        return rows.filter(pl.col("task").is_null(), pl.col("model").is_in([LLAMA, MISTRAL]))

    both = means(["rte", "boolq"])
    assert both.height == 32
    (llama,) = both.filter(model=LLAMA, share=0.25)["retained"]
    assert llama == pytest.approx((RTE[LLAMA][1] + BOOLQ[1]) / (RTE[LLAMA][0] + BOOLQ[0]))
    assert set(both["score"]) == {"mean of these 2 tasks"}
    assert means(["rte", "sst2"]).is_empty()  # no mean over tasks of which one is not published
    assert means(["rte"]).is_empty()


def test_only_dropped_attention_is_compared(literature, published):
    rows = with_published_study(literature, published, ["rte"])
    assert set(rows["component"]) == {"attention"} and dict(rows.schema) == LITERATURE
    assert set(literature["component"]) == {"attention", "mlp", "block", "parameters"}


def price_tables(tasks: dict[str, dict[int, float]], theirs: pl.DataFrame) -> dict[str, pl.DataFrame]:  # fmt: skip
    metrics = pl.concat(
        synthetic.with_cell(synthetic.cell(deepest=1).metrics, "m", "o", task).filter(
            metric="accuracy"
        )
        for task in tasks
    )
    values = pl.DataFrame(
        [(task, level, value) for task, of in tasks.items() for level, value in of.items()],
        schema=["task", "level", "value"],
        orient="row",
    )
    return {
        "metrics": metrics.drop("value").join(values, on=["task", "level"]),
        "efficiency": synthetic.with_path(synthetic.efficiency(range(2)), "m", "o"),
        "order": ranking(*["attention"] * 4),
        "literature": theirs,
    }


def test_the_price_figure_shows_published_results_as_open_markers(literature, published):
    theirs = with_published_study(literature, published, ["x", "y"])
    tables = price_tables({"x": {0: 0.5, 1: 0.4}, "y": {0: 0.7, 1: 0.7}}, theirs)
    figure = draw_study("price", tables)
    (_, faster), (_, smaller) = (figure.axes[place].get_lines() for place in (0, 2))
    assert faster.get_label() == smaller.get_label() == "published"
    assert faster.get_markerfacecolor() == "none" and faster.get_linestyle() == "None"
    # At a quarter of the layers: Mistral-7B 1.23 times as fast with .993 of its accuracy; the dense mean here is .6.
    drawn = {(round(x, 4), round(y, 4)) for x, y in zip(*faster.get_data(), strict=True)}
    assert drawn == {(1.23, 0.5958), (1.16, 0.5982), (1.13, 0.5994)}
    kept = {(round(x, 4), round(y, 4)) for x, y in zip(*smaller.get_data(), strict=True)}
    assert {(0.75, 0.5958), (0.75, 0.444), (0.8, 0.5994)} <= kept
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()].count("published") == 1


def test_the_price_figure_of_a_single_task_shows_that_task(literature, published):
    theirs = with_published_study(literature, published, ["rte"])
    figure = draw_study("price", price_tables({"rte": {0: 0.5, 1: 0.4}}, theirs))
    (_, smaller) = figure.axes[2].get_lines()
    heights = sorted(smaller.get_ydata())
    assert heights == pytest.approx(
        sorted([0.5, *(0.5 * of[1] / of[0] for of in (RTE[LLAMA], RTE[MISTRAL]))])
    )


@pytest.mark.parametrize("component", ["attention", "mlp"])
def test_nothing_is_drawn_where_nothing_matches(literature, published, component):
    theirs = with_published_study(literature, published, ["sentiment"])
    tables = price_tables({"sentiment": {0: 0.5, 1: 0.4}}, theirs)
    if component == "mlp":  # a mean that would match, of levels that would not
        tables = price_tables({"x": {0: 0.5, 1: 0.4}, "y": {0: 0.7, 1: 0.7}}, theirs)
    figure = draw_study("price", tables | {"order": ranking(*[component] * 4)})
    assert [len(panel.get_lines()) for panel in figure.axes] == [1] * len(figure.axes)
