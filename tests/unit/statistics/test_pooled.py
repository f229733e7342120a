"""The pooled verdict: by hand on METRICS of a few rows, and false statuses in worlds with a known harm."""

import numpy as np
import polars as pl
import pytest

from keepfaith.artifacts.schemas import METRICS, POOLED
from keepfaith.statistics.comparison import Comparison
from keepfaith.statistics.pooled import pooled_verdict
from keepfaith.statistics.settings import Analysis
from keepfaith.statistics.verdict import summary, verdict

MARGIN = {"accuracy": 0.02}
EXPLAINED = {"role": "method", "operator": "delete", "ranking": "method"}


def row(level, metric, harm, width, **names):
    """A row whose interval is harm -+ `width` at each of Holm's confidences, of up to four levels."""
    sign = -1 if metric in ("accuracy", "segment_faithfulness") else 1
    low, high = sorted((sign * (harm - width), sign * (harm + width)))
    return {
        "level": level, "metric": metric, "value": 0.5, "change": sign * harm, "change_low": low, "change_high": high,
        "p_value": 0.0001 if abs(harm) > width else 0.5, "holm_low": [low] * 4, "holm_high": [high] * 4,
        "examples": 500, "clusters": 500, **names,
    }  # fmt: skip


def metrics(*rows: dict) -> pl.DataFrame:
    """METRICS with only the given columns filled."""
    return pl.DataFrame(list(rows), schema=dict(METRICS.columns))


def accuracy(*harms: float, width: float = 0.03, **names) -> pl.DataFrame:
    """Accuracy at levels 1, 2, ..."""
    return metrics(*(row(level, "accuracy", harm, width, **names) for level, harm in enumerate(harms, 1)))  # fmt: skip


def whole(table: pl.DataFrame) -> list[dict]:
    return table.filter(pl.col("left_out").is_null()).rows(named=True)


def test_the_mean_has_its_interval_and_the_four_statuses():
    """Half-width .03 / sqrt(4) = .015: kept to .005, degraded from .035, harmed from .015, else undecided."""
    tasks = {
        name: accuracy(*(harm + extra for harm in (0.004, 0.039, 0.018, 0.012)))
        for name, extra in zip("abcd", (0.01, -0.01, 0.02, -0.02), strict=True)
    }
    found = whole(pooled_verdict(tasks, MARGIN))
    assert [each["status"] for each in found] == ["kept", "degraded", "harmed", "undecided"]
    assert [each["harm"] for each in found] == pytest.approx([0.004, 0.039, 0.018, 0.012])
    for each in found:
        assert each["harm_low"] == pytest.approx(each["harm"] - 0.015)
        assert each["harm_high"] == pytest.approx(each["harm"] + 0.015)
        assert (each["tasks"], each["measured_tasks"], each["clusters"]) == (4, 4, 2000)
        assert each["worst_task"] == "c"
        assert each["worst_harm"] == pytest.approx(each["harm"] + 0.02)
    # Single tasks, with intervals twice as wide, decide less.
    assert (found[0]["kept_tasks"], found[1]["degraded_tasks"]) == (1, 1)


def test_columns_and_order_are_those_of_the_schema():
    table = pooled_verdict({"a": accuracy(0.0, 0.1), "b": accuracy(0.0, 0.1)}, MARGIN)
    assert dict(table.schema) == dict(POOLED.columns)
    assert table.select("level", "quantity", "left_out").rows() == [
        (1, "accuracy", None),
        (2, "accuracy", None),
    ]


def test_one_task_has_no_mean():
    assert pooled_verdict({"a": accuracy(0.0)}, MARGIN).is_empty()


def test_an_unknown_quantity_is_refused():
    with pytest.raises(ValueError, match="no quantity 'speed' is judged"):
        pooled_verdict({"a": accuracy(0.0), "b": accuracy(0.0)}, {"speed": 0.1})


def test_levels_are_corrected_by_holm():
    """Lower ends at 1 - alpha / 1, / 2: harm beyond the margin of .02 is shown at a level only at the stronger one."""

    def task(*ends: tuple[float, float]) -> pl.DataFrame:
        rows = []
        for level, (first, second) in enumerate(ends, 1):
            steps = {
                "holm_low": [-0.2 + first, -0.2 + second],
                "holm_high": [-first, -second],
                "change_high": -first,
            }
            rows.append(row(level, "accuracy", 0.1, 0.05) | steps)
        return metrics(*rows)

    one = task((0.09, 0.08), (0.045, 0.02))
    assert [each["status"] for each in whole(pooled_verdict({"a": one, "b": one}, MARGIN))] == [
        "degraded",
        "degraded",  # after the first, at 1 - alpha: .1 - .055 / sqrt(2) = .061 > .02
    ]
    alone = task((0.02, 0.005), (0.02, 0.005))
    steps = [
        0.1 - half / np.sqrt(2) for half in (0.08, 0.095)
    ]  # .043 and .033: both beyond the margin, so both shown
    found = whole(pooled_verdict({"a": alone, "b": alone}, MARGIN))
    assert [each["harm_low"] for each in found] == pytest.approx([steps[0]] * 2)
    assert [each["status"] for each in found] == ["degraded"] * 2
    stricter = whole(pooled_verdict({"a": alone, "b": alone}, {"accuracy": 0.04}))
    assert [each["status"] for each in stricter] == ["harmed"] * 2  # .033 is not beyond .04


def test_ends_of_ece_are_averaged_as_its_bias_does_not_average_out():
    tasks = {name: metrics(row(1, "ece", 0.0, 0.03)) for name in "abcd"}
    (found,) = whole(pooled_verdict(tasks, {"ece": 0.02}))
    assert (found["harm_low"], found["harm_high"]) == pytest.approx((-0.03, 0.03))
    assert found["status"] == "undecided"
    tasks = {name: metrics(row(1, "accuracy", 0.0, 0.03)) for name in "abcd"}
    (found,) = whole(pooled_verdict(tasks, MARGIN))
    assert found["status"] == "kept"


def dense(value: float) -> dict:
    return {
        "level": 0, "metric": "accuracy", "value": value, "change": 0.0, "reference_low": 0.55,
        "reference_high": 0.55,
    }  # fmt: skip


def test_a_task_with_too_little_to_lose_is_not_in_the_mean_and_named():
    able = metrics(dense(0.9), row(1, "accuracy", 0.012, 0.005))
    unable = metrics(dense(0.56), row(1, "accuracy", -0.05, 0.01))
    (found,) = whole(pooled_verdict({"able": able, "unable": unable, "other": able}, MARGIN))
    assert found["harm"] == pytest.approx(0.012)  # with the third it were below zero
    assert (found["tasks"], found["status"]) == (2, "kept")
    assert found["not_pooled"] == "unable (too little above chance to lose)"
    assert (found["kept_tasks"], found["measured_tasks"]) == (2, 3)
    (found,) = whole(pooled_verdict({"able": able, "unable": unable}, MARGIN))
    assert (found["tasks"], found["status"], found["harm"]) == (1, "undecided", None)
    assert found["reason"] == "a mean over tasks needs at least 2 in which it can be judged, not 1"


def test_a_quantity_of_some_tasks_is_pooled_over_these():
    explained = row(1, "segment_faithfulness", 0.0, 0.01, method="lime", **EXPLAINED)
    both = metrics(row(1, "accuracy", 0.0, 0.01), explained)
    tasks = {"a": both, "b": accuracy(0.0), "c": both}
    table = pooled_verdict(tasks, MARGIN | {"faithfulness": 0.1})
    found = {each["quantity"]: each for each in whole(table)}
    assert found["accuracy"]["tasks"] == 3 and found["accuracy"]["not_pooled"] is None
    lime = found["faithfulness"]
    assert (lime["method"], lime["tasks"], lime["measured_tasks"]) == ("lime", 2, 2)
    assert (lime["status"], lime["not_pooled"]) == ("kept", "b (no value)")
    unexplained = pooled_verdict({name: accuracy(0.0) for name in "ab"}, MARGIN | {"faithfulness": 0.1})  # fmt: skip
    assert whole(unexplained)[1]["reason"] == "it was not measured"
    assert summary(unexplained).safe == 0


def test_a_level_that_a_task_lacks_is_not_pooled():
    tasks = {"a": accuracy(0.0, 0.0, width=0.01), "b": accuracy(0.0, width=0.01)}
    first, second = whole(pooled_verdict(tasks, MARGIN))
    assert first["status"] == "kept"
    assert (second["status"], second["harm"]) == ("undecided", None)
    assert second["reason"] == "it has no interval at this level in b"
    assert summary(pooled_verdict(tasks, MARGIN)).safe == 1


def test_a_task_with_too_few_texts_is_not_in_the_mean():
    tasks = {"a": accuracy(0.0), "b": accuracy(0.0), "few": accuracy(0.5, clusters=5)}
    (found,) = whole(pooled_verdict(tasks, MARGIN))
    assert (found["tasks"], found["not_pooled"]) == (2, "few (too few independent texts)")
    assert (found["worst_task"], found["worst_status"]) == ("few", "undecided")


def test_nothing_is_kept_with_texts_too_few_to_show_a_rare_large_harm():
    """Eight tasks: 2 (1 - .025^(1 / n)) / sqrt(8) <= .02 from n = 129 on; a single task needs 368."""
    for texts, status in ((128, "undecided"), (129, "kept")):
        tasks = {name: metrics(row(1, "brier", 0.0, 0.01, clusters=texts)) for name in "abcdefgh"}
        (found,) = whole(pooled_verdict(tasks, {"brier": 0.02}))
        assert found["status"] == status
        assert (found["reason"] is None) == (status == "kept")
    tasks = {name: metrics(row(1, "brier", 0.0, 0.01, clusters=100)) for name in "abcdefgh"}
    assert whole(pooled_verdict(tasks, {"brier": 0.02}))[0]["reason"] == (
        "800 independent texts in all tasks together; rare harms of 2 could reach a mean over tasks of 0.0256, which "
        "is beyond the margin, without being seen"
    )
    wide = {name: metrics(row(1, "brier", 0.0, 0.1, clusters=100)) for name in "abcdefgh"}
    assert whole(pooled_verdict(wide, {"brier": 0.02}))[0]["reason"] is None


def test_a_mean_does_not_hide_a_broken_task():
    tasks = {name: accuracy(0.0, width=0.01) for name in "abcdefg"} | {"broken": accuracy(0.1, width=0.02)}  # fmt: skip
    (found,) = whole(pooled_verdict(tasks, MARGIN))
    assert found["status"] == "kept" and found["harm"] == pytest.approx(0.0125)
    assert (found["worst_task"], found["worst_status"]) == ("broken", "degraded")
    assert found["worst_harm"] == pytest.approx(0.1)
    assert (found["kept_tasks"], found["degraded_tasks"], found["measured_tasks"]) == (7, 1, 8)
    assert found["heterogeneity"] < 1e-6
    (equal,) = whole(pooled_verdict({name: accuracy(0.0) for name in "ab"}, MARGIN))
    assert (equal["heterogeneity"], equal["degraded_tasks"]) == (1.0, 0)


def test_degraded_tasks_are_corrected_over_tasks():
    """Level 1's ends at 1 - alpha and, by the normal distribution, at 1 - alpha / 2, of two tasks."""
    just = metrics(row(1, "accuracy", 0.1, 0.075) | {"holm_low": [-0.175], "holm_high": [-0.025]})
    assert verdict(just, MARGIN)["status"].to_list() == ["degraded"]
    clear = metrics(row(1, "accuracy", 0.3, 0.075) | {"holm_low": [-0.375], "holm_high": [-0.225]})
    (found,) = whole(pooled_verdict({"a": just, "b": just}, MARGIN))
    assert found["degraded_tasks"] == 0  # .1 - .075 x 2.24 / 1.96 = .0142 < .02
    (found,) = whole(pooled_verdict({"a": just, "b": clear}, MARGIN))
    assert found["degraded_tasks"] == 2  # the second at 1 - alpha / 2, then the first at 1 - alpha


def test_every_task_is_left_out_once_where_there_are_three():
    harms = {"a": 0.0, "b": 0.0, "bad": 0.2}
    tasks = {name: accuracy(harm, width=0.01) for name, harm in harms.items()}
    table = pooled_verdict(tasks, MARGIN)
    assert table.select("left_out", "status", "tasks").rows() == [
        (None, "degraded", 3),
        ("a", "degraded", 2),
        ("b", "degraded", 2),
        ("bad", "kept", 2),
    ]
    without = {name: tasks[name] for name in ("a", "b")}
    alone = whole(pooled_verdict(without, MARGIN))[0]
    assert table.filter(left_out="bad").drop("left_out").rows(named=True) == [
        {key: value for key, value in alone.items() if key != "left_out"}
    ]


WORLDS, TASKS = 400, 8
FAITHFUL, TOLERATED = "segment_faithfulness", 0.1
ANALYSIS = Analysis(repetitions=2000, seed=3)


def drawn_harms(world: str, texts: int, harm: float, generator: np.random.Generator) -> np.ndarray:
    """[texts, WORLDS], harms of single texts of mean `harm`."""
    shape = (texts, WORLDS)
    if world == "normal":
        return harm + 0.2 * generator.normal(size=shape)
    if world == "skewed":
        return harm + 0.3 * (generator.exponential(size=shape) - 1)
    large = 2.0  # the largest harm of one text
    return large * (generator.random(shape) < harm / large)


def means_of(world: str, texts: int, harms_of_tasks: np.ndarray) -> pl.DataFrame:
    """POOLED of faithfulness, with all tasks: each world is a level with one of Holm's ends, so nothing is degraded."""
    generator = np.random.default_rng(texts)
    tasks = {}
    for task, harm in enumerate(harms_of_tasks):
        changes = -drawn_harms(world, texts, harm, generator)
        rows = []
        for start in range(0, WORLDS, 5):
            values = np.concatenate([np.zeros((texts, 1)), changes[:, start : start + 5]], axis=1)
            found = Comparison(range(values.shape[1]), np.arange(texts), ANALYSIS).of_means(values)
            rows += [
                {
                    **numbers.row(), **EXPLAINED, "level": start + number, "metric": FAITHFUL, "method": "lime",
                    "examples": texts, "clusters": texts, "holm_low": (numbers.holm_low or ())[:1],
                    "holm_high": (numbers.holm_high or ())[:1],
                }
                for number, numbers in enumerate(found[1:], 1)
            ]  # fmt: skip
        tasks[f"t{task}"] = pl.DataFrame(rows, schema=dict(METRICS.columns))
    table = pooled_verdict(tasks, {"faithfulness": TOLERATED})
    return table.filter(pl.col("left_out").is_null())


@pytest.mark.slow
@pytest.mark.parametrize("world", ["normal", "skewed", "rare"])
@pytest.mark.parametrize("texts", [16, 50, 200])
def test_false_kept_means_are_as_rare_as_promised(world, texts):
    """Harm at the margin in all tasks, and with rare large harms also in one task alone."""
    most = 0.025 + 3 * np.sqrt(0.025 * 0.975 / WORLDS)
    spread = [np.full(TASKS, TOLERATED)]
    if world == "rare":
        spread.append(TASKS * TOLERATED * (np.arange(TASKS) == 0))
    for of_tasks in spread:
        found = means_of(world, texts, of_tasks)["status"].to_list()
        assert len(found) == WORLDS
        assert found.count("kept") / WORLDS <= most
        if texts < 25:  # 2 (1 - .025^(1 / n)) / sqrt(8) <= .1 from n = 25 on
            assert "kept" not in found


@pytest.mark.slow
@pytest.mark.parametrize("world", ["normal", "skewed"])
def test_true_kept_means_are_found_and_the_interval_covers(world):
    """60 texts in each of eight tasks, with different harms of mean 0, and of the margin: too few for a task alone."""
    uneven = np.linspace(-0.02, 0.02, TASKS)
    none, at = (means_of(world, 60, harm + uneven) for harm in (0, TOLERATED))
    assert none["status"].to_list().count("kept") > 0.95 * WORLDS
    assert none["kept_tasks"].to_list() == [0] * WORLDS
    covered = at.filter(pl.col("harm_low") <= TOLERATED, pl.col("harm_high") >= TOLERATED).height
    assert abs(covered / WORLDS - 0.95) <= 0.015 + 3 * np.sqrt(0.95 * 0.05 / WORLDS)
