import numpy as np
import polars as pl
import pytest
import torch

from keepfaith.artifacts.schemas import ATTRIBUTIONS, FAITHFULNESS
from keepfaith.artifacts.tables import conform
from keepfaith.faithfulness import measure as module
from keepfaith.faithfulness.measure import FaithfulnessError, measure
from keepfaith.faithfulness.metrics import per_example_aggregates, summarise
from keepfaith.faithfulness.ranking import rank
from keepfaith.scoring.inputs import ScoringInput
from keepfaith.scoring.predict import predict
from keepfaith.scoring.scorer import OptionScorer

LEVELS = [0, 2]
FRACTIONS = [0.05, 0.3, 0.5]
OPERATORS = ["retokenise", "delete"]
EXAMPLES = pl.DataFrame(
    {
        "example_id": ["a", "b"],
        "prompt": ["The film was not good.\nAnswer:", "Which is the capital of France? Answer:"],
        "options": [[" yes", " no"], [" the old city", " Paris", " moving"]],
    }
)
FLOATS = ["full_probability", "perturbed_probability", "difference"]
KEY = ["level", "example_id", "method", "seed", "ranking", "operator", "kind", "fraction"]


@pytest.fixture(scope="module")
def predictions(scorer, encoder):
    return predict(scorer, encoder, EXAMPLES, LEVELS)


def attributions(encoder, method="lime", seed=0, examples=EXAMPLES, score=None, role="method"):
    rng = np.random.default_rng(seed)
    rows = []
    for example_id, prompt, options in examples.iter_rows():
        encoded = encoder.encode(prompt, options)
        for level in LEVELS:
            for feature, position in enumerate(encoded.features):
                token = encoded.prompt_ids[position]
                value = round(rng.normal(), 1) if score is None else score(token)
                span = encoded.spans[position]
                rows.append(
                    (level, example_id, method, role, seed, level % 2, feature, token, *span, value)
                )
    return conform(
        pl.DataFrame(rows, schema=list(ATTRIBUTIONS.columns), orient="row"), ATTRIBUTIONS
    )


def left_of(tokenizer, prompt, keep):
    """The prompt's characters that no removed token has, by the tokenizer's own offsets."""
    tokens = tokenizer(prompt, add_special_tokens=False, return_offsets_mapping=True)
    assert len(tokens["offset_mapping"]) == len(keep)
    gone = {
        position
        for (start, end), stays in zip(tokens["offset_mapping"], keep, strict=True)
        for position in range(start, end)
        if not stays
    }
    return "".join(character for position, character in enumerate(prompt) if position not in gone)


def plain_probability(scorer, level, prompt_ids, option_ids, target):
    """The definition, with one forward pass of the whole model per option."""
    sums = []
    with scorer.model.at_level(scorer.order, level) as model, torch.no_grad():
        for option in option_ids:
            logits = model(torch.tensor([prompt_ids + option])).logits[0].double()
            log_p = logits.log_softmax(-1)
            start = len(prompt_ids) - 1
            sums.append(sum(float(log_p[start + i, t]) for i, t in enumerate(option)))
    return float(np.exp(sums[target]) / np.exp(sums).sum())


def test_every_row_against_the_definition(scorer, encoder, predictions):
    scores = attributions(encoder)
    table = measure(scorer, encoder, EXAMPLES, scores, predictions, LEVELS, FRACTIONS, OPERATORS)
    assert dict(table.schema) == dict(FAITHFULNESS.columns)
    assert len(table) == len(table.unique(KEY)) == 2 * 2 * 2 * 2 * 2 * 3
    for row in table.iter_rows(named=True):
        prompt, options = EXAMPLES.filter(example_id=row["example_id"]).row(0)[1:]
        encoded = encoder.encode(prompt, options)
        special, features = (
            encoded.prompt_ids[: encoded.special],
            encoded.prompt_ids[encoded.special :],
        )
        of_level = scores.filter(example_id=row["example_id"], level=row["level"]).sort("feature")
        order = rank(of_level["score"].to_numpy(), 0, row["example_id"]).tolist()
        if row["ranking"] == "reversed":
            order.reverse()
        count = int(row["fraction"] * len(features))
        top = set(order[:count])
        keep = [(i in top) == (row["kind"] == "sufficiency") for i in range(len(features))]
        ids = tuple(token for token, stays in zip(features, keep, strict=True) if stays)
        assert (row["selected"], row["features"]) == (count, len(features))
        assert row["target"] == row["level"] % 2
        full = plain_probability(
            scorer, row["level"], encoded.prompt_ids, encoded.option_ids, row["target"]
        )
        assert row["full_probability"] == pytest.approx(full, abs=1e-5)
        if count == 0:
            assert row["perturbed_probability"] is None and row["difference"] is None
            continue
        if row["operator"] == "delete":
            remaining = special + ids, encoded.option_ids
        else:
            again = encoder.encode(left_of(encoder.tokenizer, prompt, keep), options)
            remaining = again.prompt_ids, again.option_ids
        expected = plain_probability(scorer, row["level"], *remaining, row["target"])
        assert row["perturbed_probability"] == pytest.approx(expected, abs=1e-5)
        assert row["difference"] == row["full_probability"] - row["perturbed_probability"]


def test_other_examples_levels_and_batches_change_nothing(
    scorer, encoder, predictions, monkeypatch
):
    scores = pl.concat([attributions(encoder, seed=0), attributions(encoder, seed=1)])
    expected = measure(
        scorer, encoder, EXAMPLES, scores, predictions, LEVELS, FRACTIONS, OPERATORS
    ).sort(KEY)
    monkeypatch.setattr(module, "MEASURED_AT_ONCE", 1)
    small = OptionScorer(scorer.model, scorer.order, token_budget=30)
    mixed = scores.sample(fraction=1, shuffle=True, seed=0)
    other = pl.concat(
        [
            measure(
                small,
                encoder,
                EXAMPLES.reverse(),
                mixed,
                predictions.reverse(),
                [level],
                [fraction],
                [operator],
            )
            for level in LEVELS
            for fraction in FRACTIONS
            for operator in OPERATORS
        ]
    ).sort(KEY)
    assert expected.drop(FLOATS).equals(other.drop(FLOATS))
    for name in FLOATS:
        a, b = (t[name].fill_null(9).to_numpy() for t in (expected, other))
        np.testing.assert_allclose(a, b, atol=1e-5)


def test_full_probabilities_are_those_of_scoring_the_whole_prompt(scorer, encoder, predictions):
    scores = attributions(encoder)
    table = measure(scorer, encoder, EXAMPLES, scores, predictions, LEVELS, [0.3], ["delete"])
    for example_id, prompt, options in EXAMPLES.iter_rows():
        encoded = encoder.encode(prompt, options)
        asked = ScoringInput(encoded.prompt_ids, encoded.option_ids)
        (log_likelihoods,) = scorer.log_likelihoods([asked], LEVELS)
        for level, of_level in zip(LEVELS, log_likelihoods, strict=True):
            expected = np.exp(of_level)[level % 2] / np.exp(of_level).sum()
            rows = table.filter(example_id=example_id, level=level)
            assert rows["full_probability"].unique().to_list() == pytest.approx(
                [expected], abs=1e-6
            )


def test_equal_inputs_are_scored_once(scorer, encoder, predictions):
    calls = []

    class Watched(OptionScorer):
        def log_likelihoods(self, inputs, levels):
            calls.append(list(inputs))
            return super().log_likelihoods(inputs, levels)

    watched = Watched(scorer.model, scorer.order, 2048)
    scores = attributions(encoder)
    measure(watched, encoder, EXAMPLES, scores, predictions, LEVELS, [0.5, 1.0], OPERATORS)
    assert all(len(set(inputs)) == len(inputs) for inputs in calls)
    # Per level: without the top half = the bottom half alone, and everything removed or kept once.
    rows = 2 * 2 * 2 * 2 * 2
    assert len(calls) == len(LEVELS)  # whole prompts are not scored again
    assert all(len(inputs) < rows for inputs in calls)


def test_a_control_has_no_reversed_ranking_whatever_its_name(scorer, encoder, predictions):
    both = pl.concat(
        [attributions(encoder, "chance", role="control"), attributions(encoder, "random")]
    )
    table = measure(scorer, encoder, EXAMPLES, both, predictions, LEVELS, [0.3], ["delete"])
    rankings = table.select("method", "role", "ranking").unique().sort(pl.all()).rows()
    assert rankings == [
        ("chance", "control", "method"),
        ("random", "method", "method"),
        ("random", "method", "reversed"),
    ]


def test_removing_everything_and_keeping_everything(scorer, encoder, predictions):
    table = measure(
        scorer, encoder, EXAMPLES, attributions(encoder), predictions, LEVELS, [1.0], OPERATORS
    )
    kept = table.filter(kind="sufficiency")
    np.testing.assert_allclose(kept["difference"].to_numpy(), 0, atol=1e-5)
    removed = table.filter(kind="comprehensiveness", operator="delete")
    for row in removed.iter_rows(named=True):
        prompt, options = EXAMPLES.filter(example_id=row["example_id"]).row(0)[1:]
        encoded = encoder.encode(prompt, options)
        expected = plain_probability(
            scorer, row["level"], encoder.prefix_ids, encoded.option_ids, row["target"]
        )
        assert row["perturbed_probability"] == pytest.approx(expected, abs=1e-5)


class AdditiveScorer:
    """Not a model: choice 1 gains the weights of the tokens, regardless of their context."""

    def log_likelihoods(self, inputs, levels):
        return [
            np.array([[0.0, sum(weight(token) for token in item.prompt_ids)]] * len(levels))
            for item in inputs
        ]


def weight(token):
    return float(np.random.default_rng(token).normal())


def test_the_true_weights_beat_chance_and_chance_beats_their_reverse(encoder):
    """On an additive function the ranking by the function's own weights is faithful by construction."""
    rng = np.random.default_rng(0)
    words = EXAMPLES["prompt"].str.join(" ").item().split()
    many = pl.DataFrame(
        {
            "example_id": [f"e{i}" for i in range(60)],
            "prompt": [" ".join(rng.choice(words, 20)) for _ in range(60)],
            "options": [[" yes", " no"]] * 60,
        }
    )
    one = pl.lit(1, dtype=pl.Int64)
    true = attributions(encoder, "true", examples=many, score=weight).with_columns(target=one)
    chance = attributions(encoder, "random", examples=many, role="control").with_columns(target=one)
    table = measure(
        AdditiveScorer(),
        encoder,
        many,
        pl.concat([true, chance]),
        predict(AdditiveScorer(), encoder, many, LEVELS),
        LEVELS,
        [0.1, 0.3, 0.5],
        ["delete"],
    )
    means = {
        (m, r, k): v
        for m, r, k, v in summarise(per_example_aggregates(table.filter(level=0)))
        .select("method", "ranking", "kind", "value")
        .iter_rows()
    }
    best, chance, worst = ("true", "method"), ("random", "method"), ("true", "reversed")
    gaps = []
    for better, lesser in ((best, chance), (chance, worst)):
        gaps.append(means[*better, "comprehensiveness"] - means[*lesser, "comprehensiveness"])
        gaps.append(means[*lesser, "sufficiency"] - means[*better, "sufficiency"])
    assert min(gaps) > 0.05


def test_what_does_not_fit_is_named(scorer, encoder, predictions):
    scores = attributions(encoder)

    def run(
        examples=EXAMPLES,
        scores=scores,
        predictions=predictions,
        fractions=(0.3,),
        operators=("delete",),
    ):
        measure(scorer, encoder, examples, scores, predictions, LEVELS, fractions, operators)

    with pytest.raises(
        FaithfulnessError, match="example b: attributed, but not among the examples"
    ):
        run(EXAMPLES.filter(example_id="a"))
    with pytest.raises(FaithfulnessError, match="example a, level 0: the attributed tokens"):
        run(EXAMPLES.with_columns(prompt=pl.lit("Something else. Answer:")))
    with pytest.raises(FaithfulnessError, match=r"example b: no attributions at levels \[2\]"):
        run(scores=scores.filter(~((pl.col("example_id") == "b") & (pl.col("level") == 2))))
    with pytest.raises(FaithfulnessError, match="example b, level 0: 0 of 3 choices have a pred"):
        run(predictions=predictions.filter(example_id="a"))
    with pytest.raises(FaithfulnessError, match="example a, level 2: 0 of 2 choices have a pred"):
        run(predictions=predictions.filter(level=0))
    with pytest.raises(FaithfulnessError, match="example a, level 0: 1 of 2 choices have a pred"):
        run(predictions=predictions.filter(pl.col("option") < 1))
    with pytest.raises(FaithfulnessError, match=r"example a, level 0: .* contain NaN or infinity"):
        run(predictions=predictions.with_columns(log_likelihood=pl.lit(float("nan"))))
    with pytest.raises(ValueError, match=r"fraction 1\.5"):
        run(fractions=(1.5,))
    with pytest.raises(ValueError, match="no operator 'mask'"):
        run(operators=("mask",))


def test_a_broken_model_is_an_error_not_a_number(encoder, predictions):
    class Broken:
        def log_likelihoods(self, inputs, levels):
            return [np.full((len(levels), len(item.option_ids)), np.nan) for item in inputs]

    with pytest.raises(FaithfulnessError, match=r"example a, level 0: .* contain NaN or infinity"):
        scores = attributions(encoder)
        measure(Broken(), encoder, EXAMPLES, scores, predictions, LEVELS, [0.3], ["delete"])


def test_no_attributions_give_an_empty_table(scorer, encoder, predictions):
    scores = attributions(encoder).clear()
    table = measure(scorer, encoder, EXAMPLES, scores, predictions, LEVELS, [0.3], ["delete"])
    assert table.is_empty() and dict(table.schema) == dict(FAITHFULNESS.columns)
