import numpy as np
import polars as pl
import pytest
import torch

from keepfaith.artifacts.predictions import predicted_options
from keepfaith.artifacts.schemas import ATTRIBUTIONS
from keepfaith.attribution import perturbation
from keepfaith.attribution.explain import explain
from keepfaith.attribution.problem import AttributionError
from keepfaith.plugins.method import METHODS
from keepfaith.scoring.encoding import EncodingError
from keepfaith.scoring.predict import predict
from keepfaith.scoring.scorer import OptionScorer

LEVELS = [0, 1, 3]
NAMES = ["lime", "kernelshap", "input_x_gradient", "integrated_gradients", "random"]


EXAMPLES = pl.DataFrame(
    {
        "example_id": ["a", "b", "c"],
        "prompt": [
            "The film was not good.\nAnswer:",
            "Which is the capital of France? Answer:",
            "A dull, lifeless and boring picture.\nQuestion: positive or negative?\nAnswer:",
        ],
        "options": [
            [" yes", " no"],
            [" the old city", " Paris", " moving", " green"],
            [" no", " yes"],
        ],
    }
)


@pytest.fixture(scope="module")
def predictions(scorer, encoder):
    return predict(scorer, encoder, EXAMPLES, LEVELS)


def run(method, scorer, encoder, predictions, examples=EXAMPLES, levels=LEVELS, seed=0, **rest):
    settings = METHODS.load(method).settings()
    return explain(method, settings, seed, scorer, encoder, examples, levels, predictions, **rest)


def assert_same(a, b, atol):
    keys = ["example_id", "level", "feature"]
    a, b = a.sort(keys), b.sort(keys)
    assert a.drop("score").equals(b.drop("score"))
    np.testing.assert_allclose(a["score"].to_numpy(), b["score"].to_numpy(), atol=atol)


@pytest.mark.parametrize("method", NAMES)
def test_table_holds_every_feature_of_every_example_at_every_level(
    method, scorer, encoder, predictions
):
    table = run(method, scorer, encoder, predictions, name="mine", seed=2)
    assert dict(table.schema) == dict(ATTRIBUTIONS.columns)
    role = "control" if method == "random" else "method"
    assert table.select("method", "role", "seed").unique().rows() == [("mine", role, 2)]
    targets = predicted_options(predictions)
    for example_id, prompt, options in EXAMPLES.iter_rows():
        encoded = encoder.encode(prompt, options)
        for level in LEVELS:
            rows = table.filter(example_id=example_id, level=level)
            assert rows["feature"].to_list() == list(range(len(rows)))
            assert rows["token_id"].to_list() == list(encoded.prompt_ids[encoded.special :])
            assert rows.select("start", "end").rows() == list(encoded.spans[encoded.special :])
            target = targets.filter(example_id=example_id, level=level)["target"].item()
            assert rows["target"].unique().to_list() == [target]


@pytest.mark.parametrize("method", NAMES)
def test_special_tokens_in_the_text_are_no_features_and_stay(method, scorer, encoder):
    """Wherever they stand; everything else is explained, at its own position in the prompt."""
    closing = encoder.tokenizer.eos_token
    prompt = f"The film was good.{closing}\nAnswer:"
    examples = pl.DataFrame({"example_id": ["e"], "prompt": [prompt], "options": [[" yes", " no"]]})
    seen = []

    class Watched(type(scorer)):
        def log_likelihoods(self, inputs, levels):
            seen.extend(item.prompt_ids for item in inputs)
            return super().log_likelihoods(inputs, levels)

    watched = Watched(scorer.model, scorer.order, 2048)
    table = run(
        method, watched, encoder, predict(scorer, encoder, examples, LEVELS), examples=examples
    )
    encoded = encoder.encode(prompt, [" yes", " no"])
    position = encoded.prompt_ids.index(encoder.tokenizer.eos_token_id)
    rest = [n for n in range(encoded.special, len(encoded.prompt_ids)) if n != position]
    for level in LEVELS:
        rows = table.filter(level=level)
        assert rows["feature"].to_list() == list(range(len(rest)))
        assert rows["token_id"].to_list() == [encoded.prompt_ids[n] for n in rest]
        assert rows.select("start", "end").rows() == [encoded.spans[n] for n in rest]
    assert all(ids[position] == encoded.prompt_ids[position] for ids in seen)


def test_levels_predict_different_options_here(predictions):
    """Without this, the tests above would not notice a wrong target."""
    assert (
        predicted_options(predictions)
        .group_by("example_id")
        .agg(pl.col("target").n_unique())["target"]
        .max()
        > 1
    )


@pytest.mark.parametrize("method", NAMES)
def test_other_examples_levels_and_batches_change_nothing(
    method, scorer, encoder, predictions, monkeypatch
):
    expected = run(method, scorer, encoder, predictions)
    monkeypatch.setattr(perturbation, "TOKENS_PER_CALL", 1)
    small = OptionScorer(scorer.model, scorer.order, token_budget=40)
    other = pl.concat(
        [
            run(method, small, encoder, predictions.reverse(), EXAMPLES.reverse(), [level])
            for level in LEVELS
        ]
    )
    assert_same(expected, other, atol=1e-3 if method == "lime" else 1e-4)


@pytest.mark.parametrize("method", ["lime", "kernelshap"])
def test_seeds_differ_and_repeat(method, scorer, encoder, predictions):
    first = run(method, scorer, encoder, predictions, seed=0)
    assert first.equals(run(method, scorer, encoder, predictions, seed=0))
    assert not first.drop("seed").equals(
        run(method, scorer, encoder, predictions, seed=1).drop("seed")
    )


def test_only_predicted_options_are_scored_and_all_levels_at_once(scorer, encoder, predictions):
    calls = []

    class Watched(OptionScorer):
        def log_likelihoods(self, inputs, levels):
            calls.append((list(inputs), list(levels)))
            return super().log_likelihoods(inputs, levels)

    watched = Watched(scorer.model, scorer.order, 2048)
    run("lime", watched, encoder, predictions)
    ((inputs, levels),) = calls
    assert levels == LEVELS
    targets = predicted_options(predictions)
    expected = set()
    for example_id, prompt, options in EXAMPLES.iter_rows():
        wanted = targets.filter(example_id=example_id)["target"].unique().sort()
        ids = encoder.encode(prompt, options).option_ids
        expected.add(tuple(ids[target] for target in wanted))
    assert {item.option_ids for item in inputs} == expected
    samples = [3 * len(encoder.encode(p, o).prompt_ids) for _, p, o in EXAMPLES.iter_rows()]
    special = encoder.encode("x", [" yes"]).special
    assert len(inputs) == sum(samples) - 3 * special * len(samples)
    assert all(item.prompt_ids[:special] == inputs[0].prompt_ids[:special] for item in inputs)


def test_ties_go_to_the_lowest_option():
    names = ["level", "example_id", "option", "log_likelihood", "tokens"]
    rows = [(0, "a", 2, -1.0, 1), (0, "a", 1, -1.0, 1), (0, "a", 0, -3.0, 1), (1, "a", 0, -5.0, 1)]
    table = predicted_options(pl.DataFrame(rows, schema=names, orient="row"))
    assert table.rows() == [(0, "a", 1), (1, "a", 0)]


def test_a_missing_prediction_names_the_example(scorer, encoder, predictions):
    with pytest.raises(AttributionError, match=r"example b: no prediction at levels \[1\]"):
        run(
            "lime",
            scorer,
            encoder,
            predictions.filter(~((pl.col("example_id") == "b") & (pl.col("level") == 1))),
        )


def test_an_example_that_cannot_be_encoded_is_named(scorer, encoder, predictions):
    long = EXAMPLES.with_columns(prompt=pl.col("prompt").str.replace("dull", "dull " * 300))
    with pytest.raises(EncodingError, match="example c"):
        run("lime", scorer, encoder, predictions, long)


def test_an_empty_prompt_is_named(scorer, encoder, predictions):
    empty = EXAMPLES.with_columns(prompt=pl.lit(""))
    with pytest.raises(AttributionError, match="example a: its prompt has no tokens"):
        run("lime", scorer, encoder, predictions, empty)


@pytest.mark.parametrize("method", ["lime", "kernelshap", "input_x_gradient"])
def test_a_broken_model_is_an_error_not_a_number(method, scorer, encoder, predictions):
    weight = scorer.model.model.get_input_embeddings().weight
    token = encoder.encode(EXAMPLES["prompt"][1], [" Paris"]).prompt_ids[-3]
    kept = weight.data[token].clone()
    try:
        with torch.no_grad():
            weight[token] = float("nan")
        with pytest.raises(AttributionError, match=r"example b.* contain NaN or infinity"):
            run(method, scorer, encoder, predictions, EXAMPLES.filter(example_id="b"))
    finally:
        with torch.no_grad():
            weight[token] = kept


def test_a_failing_scorer_names_where_it_stood(encoder, scorer, predictions):
    class Failing(OptionScorer):
        def log_likelihoods(self, inputs, levels):
            raise RuntimeError("the machine is on fire")

    with pytest.raises(
        AttributionError, match="example a or one scored with it: the machine is on fire"
    ):
        run("kernelshap", Failing(scorer.model, scorer.order, 100), encoder, predictions)


def test_no_examples_give_an_empty_table(scorer, encoder, predictions):
    table = run("random", scorer, encoder, predictions, EXAMPLES.clear())
    assert table.is_empty() and dict(table.schema) == dict(ATTRIBUTIONS.columns)


@pytest.mark.parametrize(
    ("module", "name", "role"),
    [
        ("random", "chance", "control"),
        ("random", "lime", "control"),
        ("lime", "random", "method"),
    ],
)
def test_the_role_is_that_of_the_module_whatever_the_name(
    module, name, role, scorer, encoder, predictions
):
    table = run(module, scorer, encoder, predictions, EXAMPLES.head(1), name=name)
    assert table.select("method", "role").unique().rows() == [(name, role)]
