"""A verdict about a model that knows nothing comes with a warning."""

from dataclasses import replace

import polars as pl
import pytest
from figures import synthetic

from keepfaith.figures.labels import quantity_name
from keepfaith.report.caveats import caveats


def with_dense(metric: str, **columns: float | int | str):
    """Tables of a sound cell of 200 explained examples, with one metric's dense row changed."""
    tables = synthetic.cell()
    chosen = (pl.col("metric") == metric) & (pl.col("level") == 0)
    changed = tables.metrics.with_columns(
        pl.when(chosen).then(pl.lit(value)).otherwise(pl.col(name)).alias(name)
        for name, value in columns.items()
    )
    object.__setattr__(tables, "metrics", changed)
    return tables


def test_a_sound_unit_needs_none():
    assert caveats(synthetic.cell()) == []
    assert caveats(synthetic.cell(methods=())) == []


@pytest.mark.parametrize(("low", "warned"), [(0.51, False), (0.5, True), (0.42, True)])
def test_accuracy_at_guessing(low, warned):
    found = caveats(with_dense("accuracy", low=low))
    assert any("guessing" in sentence for sentence in found) == warned


def test_explanations_no_better_than_random_scores():
    tables = synthetic.cell()
    of_lime = (pl.col("metric") == "comprehensiveness_study_beyond_controls") & (
        pl.col("method") == "lime"
    )
    for low in (0.0, -0.1, None):
        changed = pl.when(of_lime).then(pl.lit(low, dtype=pl.Float64)).otherwise(pl.col("low"))
        unsure = replace(tables)
        object.__setattr__(unsure, "metrics", tables.metrics.with_columns(low=changed))
        (sentence,) = caveats(unsure)
        assert "LIME" in sentence and "KernelSHAP" not in sentence


def test_explanations_no_better_than_chance_of_segments():
    tables = synthetic.cell()
    of_lime = (pl.col("metric") == "segment_faithfulness") & (pl.col("method") == "lime")
    for low in (0.0, -0.1, None):
        changed = pl.when(of_lime).then(pl.lit(low, dtype=pl.Float64)).otherwise(pl.col("low"))
        (sentence,) = caveats(replace(tables, metrics=tables.metrics.with_columns(low=changed)))
        assert sentence.startswith(
            "Not shown to be more faithful than chance on the dense model: LIME."
        )


@pytest.mark.parametrize(
    ("correlation", "draws", "said"),
    [
        (
            0.5,
            9.0,
            "correlate by 0.50 on the dense model (tokens): it takes about 9 times as many samples",
        ),
        (-0.1, None, "correlate by -0.10 on the dense model (tokens): its scores are noise."),
    ],
)
def test_seeds_that_disagree_are_said_with_what_it_takes(correlation, draws, said):
    tables = synthetic.cell()
    value = pl.col("value")
    for metric, changed in (("seed_correlation", correlation), ("draws_needed", draws)):
        of_lime = (pl.col("metric") == metric) & (pl.col("method") == "lime")
        value = pl.when(of_lime).then(pl.lit(changed, dtype=pl.Float64)).otherwise(value)
    (sentence,) = caveats(replace(tables, metrics=tables.metrics.with_columns(value=value)))
    assert sentence.startswith("Two seeds of LIME ") and said in sentence


def test_few_examples():
    (sentence,) = caveats(with_dense("comprehensiveness_study", examples=16, clusters=16))
    assert sentence.startswith("Only 16 independent texts are explained; intervals")
    (sentence,) = caveats(with_dense("accuracy", examples=29, clusters=29))
    assert sentence.startswith("Only 29 independent texts are evaluated; intervals")
    # Where docs/validity.md has intervals that are too narrow.
    (sentence,) = caveats(with_dense("comprehensiveness_study", examples=99, clusters=99))
    assert "fewer than 100 tend to be too narrow" in sentence
    assert caveats(with_dense("comprehensiveness_study", examples=100, clusters=100)) == []


def test_a_kept_ece_of_a_calibrated_model_comes_with_a_caution():
    """The synthetic cell keeps ECE at its first level; its dense ECE is .035."""
    for band, warned in ((0.035, True), (0.055, True), (0.034, False)):
        found = caveats(with_dense("ece", reference_high=band))
        assert any(each.startswith("ECE is kept at level 1, ") for each in found) == warned
    calibrated = with_dense("ece", reference_high=0.055)
    undecided = calibrated.verdict.with_columns(status=pl.lit("undecided"))
    assert caveats(replace(calibrated, verdict=undecided)) == []


def test_examples_that_share_a_text_are_counted_and_the_way_out_is_named():
    (sentence,) = caveats(
        with_dense("accuracy", examples=160, clusters=131, cluster_field="instruction")
    )
    assert sentence.startswith("160 examples, 131 different `instruction`: ")
    assert "passage: none" in sentence


def test_what_cannot_be_kept_is_said_once_with_all_its_quantities():
    tables = synthetic.cell()
    explained = pl.col("method").is_not_null()
    reason = "too few texts: 40 independent ones, at least 72 are needed"
    judged = tables.verdict.with_columns(
        reason=pl.when(explained).then(pl.lit(reason)), clusters=pl.when(explained).then(pl.lit(40))
    )
    found = [each for each in caveats(replace(tables, verdict=judged)) if "72" in each]
    methods = [name for name in tables.methods if name not in synthetic.CONTROLS]
    assert (
        len(found) == 1 and found[0].startswith("Not kept: ") and found[0].endswith(f"; {reason}.")
    )
    for method in methods:
        for quantity in ("comprehensiveness", "sufficiency"):
            assert quantity_name(quantity, method) in found[0]
    fewer = judged.with_columns(clusters=pl.lit(5))
    assert not any("72" in each for each in caveats(replace(tables, verdict=fewer)))


def test_too_few_texts_for_any_interval():
    first, second = caveats(with_dense("accuracy", examples=60, clusters=5, cluster_field="prompt"))
    assert first.startswith("60 examples, 5 different prompts: ")
    assert second.startswith("Only 5 independent texts are evaluated: below 6 there is no interval")


def test_the_controls_are_named_by_their_own_names():
    tables = synthetic.cell(methods=("chance", "random", "zero"), controls=("chance", "zero"))
    no_better = pl.when(pl.col("metric").str.ends_with("beyond_controls")).then(-0.01)
    metrics = tables.metrics.with_columns(low=no_better.otherwise(pl.col("low")))
    object.__setattr__(tables, "metrics", metrics)
    (sentence,) = caveats(tables)
    assert (
        "than chance (control), zero (control), the reversed ranking on the dense model: random."
        in sentence
    )


@pytest.mark.parametrize(("drawn", "warned"), [(0.91, False), (0.907, False), (0.62, True)])
def test_ties_that_decide_on_accuracy_are_told(drawn, warned):
    tables = synthetic.cell()
    ties = tables.metrics.filter(metric="accuracy").with_columns(
        metric=pl.lit("accuracy_of_drawn_ties"),
        value=pl.when(pl.col("level") == 0).then(drawn).otherwise(pl.col("value")),
    )
    object.__setattr__(tables, "metrics", pl.concat([tables.metrics, ties]))
    found = caveats(tables)
    assert bool(found) == warned
    if warned:
        assert "At level 0 that gives accuracy 0.910, and 0.620 if ties were drawn." in found[0]


def with_power(**of_quantities):
    """The tables of a sound cell in which some quantities' smallest decidable margins are these."""
    tables = synthetic.cell()
    decidable, enough = pl.col("decidable"), pl.col("enough")
    for name, (margin, texts) in of_quantities.items():
        of_name = pl.col("quantity") == name
        decidable = pl.when(of_name).then(margin).otherwise(decidable)
        enough = pl.when(of_name).then(texts).otherwise(enough)
    return replace(tables, verdict=tables.verdict.with_columns(decidable=decidable, enough=enough))


def test_a_margin_that_is_too_small_for_this_many_texts():
    tables = with_power(accuracy=(0.053, 1963), comprehensiveness=(0.06, 288))
    open_ = tables.verdict.filter(pl.col("status").is_in(["undecided", "harmed"]))
    levels = open_.filter(quantity="accuracy")["level"].to_list()
    assert levels == [2, 3]
    (sentence,) = caveats(tables)
    assert (
        "accuracy at levels 2, 3 (margin 0.02: 200 texts can decide 0.053 at best, 1,963 texts or more would decide it)"
        in sentence
    )
    assert (
        "comprehensiveness of input x gradient, KernelSHAP, LIME at level 3 (margin 0.05: "
        in sentence
    )
    assert "ECE" not in sentence and "sufficiency" not in sentence


def test_no_number_of_texts_is_named_where_there_is_too_little_to_lose():
    tables = with_power(accuracy=(0.053, None))
    lost = tables.verdict.with_columns(advantage=pl.when(quantity="accuracy").then(0.01))
    assert not any("Too few texts" in said for said in caveats(replace(tables, verdict=lost)))


def test_what_is_decided_or_has_another_reason_needs_no_caution_on_power():
    tables = with_power(accuracy=(0.053, 1963))
    # Far beyond the margin: a narrow status of ECE has a caution of its own.
    decided = tables.verdict.with_columns(status=pl.lit("degraded"), harm_low=pl.lit(1.0))
    assert caveats(replace(tables, verdict=decided)) == []
    said = tables.verdict.with_columns(
        reason=pl.when(pl.col("quantity") == "accuracy").then(pl.lit("there is nothing to lose"))
    )
    (sentence,) = caveats(replace(tables, verdict=said))
    assert sentence == "Not kept: accuracy; there is nothing to lose."


def test_a_floor_of_texts_that_one_level_names_is_not_said_again_of_the_others():
    tables = with_power(comprehensiveness=(0.206, 72))
    first = (pl.col("quantity") == "comprehensiveness") & (pl.col("level") == 2)
    reason = "too few texts: 16 independent ones, at least 72 are needed"
    judged = tables.verdict.with_columns(reason=pl.when(first).then(pl.lit(reason)))
    (sentence,) = caveats(replace(tables, verdict=judged))
    assert sentence.startswith("Not kept: comprehensiveness ") and sentence.endswith(f"; {reason}.")
