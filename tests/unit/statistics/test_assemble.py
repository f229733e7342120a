"""The whole METRICS table from made-up predictions and explanations."""

import numpy as np
import polars as pl
import pytest
from made_predictions import drawn, examples_frame, predictions_frame
from polars.testing import assert_frame_equal

from keepfaith.artifacts.schemas import FAITHFULNESS, METRICS
from keepfaith.faithfulness.metrics import per_example_aggregates
from keepfaith.plugins.metric import PREDICTION_METRICS
from keepfaith.statistics.assemble import compute_metrics
from keepfaith.statistics.clusters import Grouping, group_examples
from keepfaith.statistics.comparison import Comparison
from keepfaith.statistics.explanation_metrics import Explained, paired_difference
from keepfaith.statistics.proportions import mcnemar, tango
from keepfaith.statistics.settings import Analysis

ANALYSIS = Analysis(null_repetitions=200, repetitions=300, seed=7)
SIZE, LEVELS, EXPLAINED = 120, 3, 20


def make_tables() -> tuple[pl.DataFrame, pl.DataFrame]:
    """Predictions of a calibrated dense level and two that get surer and noisier, with known posterior."""
    generator = np.random.default_rng(0)
    scores = generator.normal(size=(SIZE, 3)) * 1.5
    posterior = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    noise = generator.normal(size=(SIZE, 3))
    levels = {k: (scores * (1 + k) + k * noise).tolist() for k in range(LEVELS)}
    labels = drawn(posterior, generator).tolist()
    return predictions_frame(levels), examples_frame(labels, [3] * SIZE, posterior.tolist())


def make_faithfulness(method: str, seeds: int = 2, role: str = "method") -> pl.DataFrame:
    rankings = ("method",) if role == "control" else ("method", "reversed")
    generator = np.random.default_rng(len(method))
    rows = [
        {
            "level": level,
            "example_id": f"e{row:03d}",
            "method": method,
            "role": role,
            "seed": seed,
            "ranking": ranking,
            "operator": "delete",
            "kind": kind,
            "fraction": fraction,
            "difference": None
            if fraction < 0.2 and row == 0
            else generator.normal(0.3 - 0.1 * level),
        }
        for level in range(LEVELS)
        for row in range(EXPLAINED)
        for seed in range(seeds)
        for ranking in rankings
        for kind in ("comprehensiveness", "sufficiency")
        for fraction in (0.1, 0.3, 0.5)
    ]
    return pl.DataFrame(rows, schema=dict(FAITHFULNESS.columns))


def make_attributions(method: str, rationale_score: float, role: str = "method") -> pl.DataFrame:
    """Texts are `text N`: features are the two words, and characters 0..4, the first word, are the rationale."""
    return pl.DataFrame(
        [
            {
                "level": level,
                "example_id": f"e{row:03d}",
                "method": method,
                "role": role,
                "seed": 0,
                "target": 0,
                "feature": feature,
                "token_id": 1,
                "start": 5 * feature,
                "end": 5 * feature + 4,
                "score": rationale_score if feature == 0 and (row + level) % 4 else 0.5,
            }
            for level in range(LEVELS)
            for row in range(EXPLAINED)
            for feature in (0, 1)
        ]
    )


@pytest.fixture(scope="module")
def table() -> pl.DataFrame:
    predictions, examples = make_tables()
    return compute_metrics(
        predictions,
        examples,
        [make_faithfulness("lime"), make_faithfulness("random", seeds=1, role="control")],
        [make_attributions("lime", 1.0), make_attributions("random", 0.0, "control")],
        group_examples(examples),
        ANALYSIS,
    )


def one(table: pl.DataFrame, **where: object) -> dict:
    found = table.filter(**where)
    assert found.height == 1, where
    return found.row(0, named=True)


def test_every_metric_stands_once_per_level(table):
    assert list(table.columns) == list(METRICS.columns)
    keys = ["level", "family", "metric", "method", "operator", "ranking"]
    assert table.select(keys).n_unique() == table.height
    assert set(table["family"]) == {"accuracy", "calibration", "faithfulness", "rationale"}
    assert set(PREDICTION_METRICS.names()) <= set(table["metric"])
    counts = table.group_by("metric", "method", "operator", "ranking").len()["len"]
    assert set(counts) == {LEVELS}


def test_accuracy_has_score_intervals_and_mcnemars_test(table):
    predictions, examples = make_tables()
    found = predictions.sort("log_likelihood").group_by("level", "example_id").last()
    right = (
        found.join(examples, on="example_id")
        .with_columns(right=pl.col("option") == pl.col("label"))
        .pivot("level", index="example_id", values="right")
    )
    gained = int((right["2"] & ~right["0"]).sum())
    lost = int((right["0"] & ~right["2"]).sum())
    row = one(table, metric="accuracy", level=2)
    assert row["value"] == pytest.approx(right["2"].mean())
    assert row["change"] == pytest.approx((gained - lost) / SIZE)
    assert (row["change_low"], row["change_high"]) == pytest.approx(tango(gained, lost, SIZE))
    assert row["p_value"] == pytest.approx(mcnemar(gained, lost))
    most_frequent = examples["label"].value_counts()["count"].max() / SIZE
    assert most_frequent > 1 / 3
    assert row["reference_low"] == row["reference_high"] == pytest.approx(most_frequent)
    assert row["examples"] == SIZE


def test_values_lie_in_their_intervals(table):
    filled = table.drop_nulls(["low", "high"])
    assert (filled["low"] <= filled["high"]).all()
    rows = filled.filter(pl.col("metric") != "exact_calibration_error")
    assert (rows["low"] <= rows["value"] + 1e-9).all()
    assert (rows["value"] <= rows["high"] + 1e-9).all()
    changed = table.drop_nulls(["change_low", "change_high"])
    assert (changed["change_low"] <= changed["change"] + 1e-9).all()
    assert (changed["change"] <= changed["change_high"] + 1e-9).all()


def test_the_dense_level_has_no_change_to_test(table):
    dense = table.filter(level=0)
    assert (dense["change"] == 0).all()
    assert dense["p_value"].null_count() == dense["change_low"].null_count() == dense.height


def test_a_calibrated_dense_level_lies_in_its_null_band_and_a_certain_one_does_not(table):
    dense, pruned = (one(table, metric="ece", level=level) for level in (0, 2))
    assert dense["reference_low"] <= dense["value"] <= dense["reference_high"]
    assert pruned["value"] > pruned["reference_high"]
    assert pruned["change_low"] > 0


def test_the_interval_from_labels_brackets_the_exact_calibration_error(table):
    for level in range(LEVELS):
        exact = one(table, metric="exact_calibration_error", level=level)
        corrected = one(table, metric="ece_corrected", level=level)
        assert exact["low"] <= exact["value"] <= exact["high"]
        assert (exact["low"], exact["high"]) == (corrected["low"], corrected["high"])
        plug_in = one(table, metric="ece", level=level)["value"]
        assert exact["reference_low"] <= plug_in <= exact["reference_high"]
    assert one(table, metric="exact_calibration_error", level=0)["value"] == pytest.approx(
        0, abs=1e-9
    )
    bayes = one(table, metric="bayes_accuracy", level=2)
    assert one(table, metric="exact_accuracy", level=2)["value"] < bayes["value"]
    assert one(table, metric="exact_accuracy", level=0)["value"] == pytest.approx(bayes["value"])


def test_faithfulness_is_the_mean_over_examples_and_seeds_with_both_spreads(table):
    frame = make_faithfulness("lime").filter(kind="comprehensiveness", ranking="method", level=1)
    per_example = frame.group_by("example_id", "seed").agg(
        study=pl.col("difference").sum() / (1 + pl.col("difference").count()),
        eraser=pl.col("difference").mean(),
    )
    for aggregate in ("study", "eraser"):
        row = one(
            table,
            metric=f"comprehensiveness_{aggregate}",
            method="lime",
            ranking="method",
            operator="delete",
            level=1,
        )
        assert row["value"] == pytest.approx(per_example[aggregate].mean())
        seeds = per_example.group_by("seed").agg(pl.col(aggregate).mean())[aggregate]
        assert row["seed_high"] - row["value"] == pytest.approx(seeds.std())
        assert row["seed_low"] + row["seed_high"] == pytest.approx(2 * row["value"])
        assert row["examples"] == EXPLAINED


def test_random_scores_are_the_reference_of_every_other_method(table):
    where = {"metric": "sufficiency_study", "operator": "delete", "ranking": "method", "level": 1}
    chance, lime = (one(table, method=method, **where) for method in ("random", "lime"))
    assert (lime["reference_low"], lime["reference_high"]) == (chance["low"], chance["high"])
    assert chance["reference_low"] is None
    assert chance["seed_low"] is None


def test_r_precision_stands_beside_chance(table):
    lime = one(table, metric="r_precision", method="lime", level=0)
    assert lime["reference_low"] == lime["reference_high"] == 0.5
    assert lime["value"] > 0.8
    above = one(table, metric="r_precision_above_chance", method="lime", level=0)
    assert above["value"] == pytest.approx(lime["value"] - 0.5)
    assert above["low"] > 0
    control = one(table, metric="r_precision_above_chance", method="random", level=0)
    assert control["high"] < 0


def test_same_seed_same_table_whatever_the_order_of_rows(table):
    predictions, examples = make_tables()
    again = compute_metrics(
        predictions.sample(fraction=1, shuffle=True, seed=1),
        examples.sample(fraction=1, shuffle=True, seed=2),
        [
            make_faithfulness("random", seeds=1, role="control"),
            make_faithfulness("lime").sample(fraction=1, shuffle=True, seed=3),
        ],
        [make_attributions("random", 0.0, "control"), make_attributions("lime", 1.0)],
        group_examples(examples.sample(fraction=1, shuffle=True, seed=2)),
        ANALYSIS,
    )
    assert_frame_equal(again, table, check_exact=True)
    other = compute_metrics(
        predictions, examples, [], [], group_examples(examples), Analysis(200, 200, seed=8)
    )
    assert one(other, metric="ece", level=1)["reference_high"] != pytest.approx(
        one(table, metric="ece", level=1)["reference_high"], abs=1e-9
    )


def test_without_posterior_and_explanations_only_predictions_are_judged():
    predictions, examples = make_tables()
    examples = examples.with_columns(posterior=pl.lit(None, dtype=pl.List(pl.Float64)))
    table = compute_metrics(predictions, examples, [], [], group_examples(examples), ANALYSIS)
    assert set(table["family"]) == {"accuracy", "calibration"}
    assert not [name for name in table["metric"] if "exact" in name or "bayes" in name]


def test_repeated_passages_widen_the_intervals_of_accuracy():
    predictions, examples = make_tables()
    passages = pl.Series([f"a text of some length, {row // 12}" for row in range(SIZE)])
    fields = [[{"name": "text", "start": 0, "end": len(text)}] for text in passages]
    shared = examples.with_columns(prompt=passages, fields=pl.Series(fields))
    single = compute_metrics(predictions, examples, [], [], group_examples(examples), ANALYSIS)
    clustered = compute_metrics(predictions, shared, [], [], group_examples(shared), ANALYSIS)
    for level in range(1, LEVELS):
        before, after = (one(t, metric="accuracy", level=level) for t in (single, clustered))
        assert after["change_low"] <= before["change_low"]
        assert after["change_high"] >= before["change_high"]


def test_a_level_that_lacks_an_explained_example_is_refused():
    predictions, examples = make_tables()
    holed = make_faithfulness("lime").filter(
        ~((pl.col("level") == 1) & (pl.col("example_id") == "e003"))
    )
    with pytest.raises(ValueError, match="levels are only comparable on the same examples"):
        compute_metrics(predictions, examples, [holed], [], group_examples(examples), ANALYSIS)


def test_one_example_and_one_level_still_make_a_table():
    predictions = predictions_frame({0: [[-1.0, -2.0]]})
    examples = examples_frame([0], [2])
    table = compute_metrics(predictions, examples, [], [], group_examples(examples), ANALYSIS)
    assert one(table, metric="accuracy", level=0)["value"] == 1.0
    assert one(table, metric="auroc", level=0)["value"] is None


WHERE = {"metric": "sufficiency_study", "operator": "delete", "ranking": "method", "level": 1}


def roles_table(**roles: str) -> pl.DataFrame:
    """METRICS of methods with these roles, in the order given."""
    predictions, examples = make_tables()
    return compute_metrics(
        predictions,
        examples,
        [make_faithfulness(name, role=role) for name, role in roles.items()],
        [make_attributions(name, 0.0, role) for name, role in roles.items()],
        group_examples(examples),
        ANALYSIS,
    )


def test_a_control_of_any_name_is_the_reference():
    table = roles_table(chance="control", lime="method")
    chance, lime = (one(table, method=method, **WHERE) for method in ("chance", "lime"))
    assert (lime["reference_low"], lime["reference_high"]) == (chance["low"], chance["high"])
    assert chance["reference_low"] is None
    assert dict(table.select("method", "role").drop_nulls().iter_rows()) == {
        "chance": "control",
        "lime": "method",
    }
    assert table.filter(pl.col("method").is_null())["role"].null_count() == len(
        table.filter(pl.col("method").is_null())
    )


def test_a_method_that_is_called_random_is_no_reference():
    table = roles_table(random="method", lime="method")
    assert one(table, method="lime", **WHERE)["reference_low"] is None
    assert one(table, method="random", **WHERE)["reference_low"] is None
    assert table.filter(method="random", ranking="reversed").height > 0


def test_several_controls_are_a_reference_together_whatever_their_order():
    table = roles_table(zero="control", lime="method", chance="control", random="method")
    zero, chance = (one(table, method=method, **WHERE) for method in ("zero", "chance"))
    assert (zero["low"], zero["high"]) != (chance["low"], chance["high"])
    for method in ("lime", "random"):
        row = one(table, method=method, **WHERE)
        assert row["reference_low"] == min(zero["low"], chance["low"])
        assert row["reference_high"] == max(zero["high"], chance["high"])
    assert zero["reference_low"] is None and chance["reference_low"] is None
    again = roles_table(random="method", chance="control", lime="method", zero="control")
    assert_frame_equal(again, table, check_exact=True)


def test_a_method_is_held_against_its_controls_and_its_reverse_example_by_example():
    """By hand from the tables: of all references the one with the smallest lower end counts."""
    names = {"zero": "control", "lime": "method", "chance": "control"}
    tables = {name: make_faithfulness(name, role=role) for name, role in names.items()}
    found = roles_table(**names)
    row = one(found, method="lime", **(WHERE | {"metric": "sufficiency_study_beyond_controls"}))
    keys = {"kind": "sufficiency", "operator": "delete", "level": 1}

    def values(name: str, ranking: str) -> np.ndarray:
        table = per_example_aggregates(tables[name]).filter(ranking=ranking, **keys)
        return (
            table.group_by("example_id")
            .agg(pl.col("value").mean())
            .sort("example_id")["value"]
            .to_numpy()
        )

    own = values("lime", "method")
    others = [values("zero", "method"), values("chance", "method"), values("lime", "reversed")]
    means = [float((other - own).mean()) for other in others]  # sufficiency: lower is better
    assert min(abs(row["value"] - mean) for mean in means) < 1e-9
    assert row["low"] < row["value"] < row["high"]
    assert row["change"] is None and row["p_value"] is None
    assert found.filter(
        pl.col("metric").str.ends_with("beyond_controls"), role="control"
    ).is_empty()


def test_equal_methods_are_rarely_shown_to_be_better_than_a_control():
    """Two methods of independent noise, 40 examples: at most 2.5 % each way, and Monte-Carlo error."""
    random = np.random.default_rng(0)
    grouping = Grouping({f"e{row:03d}": row for row in range(40)}, None)
    passed = 0
    for _ in range(200):
        noise = random.normal(0.1, 0.1, (2, 40, 1))
        own, control = (
            Explained(
                Comparison([0], np.arange(40), ANALYSIS),
                tuple(grouping.numbers),
                values[:, :, None],
            )
            for values in noise
        )
        (numbers,) = paired_difference(own, control, 1.0)
        passed += numbers.low > 0
    assert passed <= 200 * 0.025 + 3 * np.sqrt(200 * 0.025 * 0.975)
