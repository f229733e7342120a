import numpy as np
import polars as pl
import pytest
import torch
from transformers import PreTrainedTokenizerFast
from zoo import tiny_model

from keepfaith.artifacts.predictions import predicted_options
from keepfaith.artifacts.schemas import ATTRIBUTIONS
from keepfaith.attribution import perturbation
from keepfaith.attribution.explain import explain
from keepfaith.attribution.problem import AttributionError, ExplainedValue
from keepfaith.models.removal import PrunableModel
from keepfaith.plugins.method import METHODS
from keepfaith.scoring.encoding import EncodingError, PromptEncoder
from keepfaith.scoring.predict import predict
from keepfaith.scoring.removed_token import removed_token
from keepfaith.scoring.scorer import OptionScorer

LEVELS = [0, 1, 3]
NAMES = [
    "lime",
    "kernelshap",
    "input_x_gradient",
    "gradient_norm",
    "integrated_gradients",
    "attnlrp",
    "random",
]
STUDY = ExplainedValue("log_probability", "study")


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
    run("lime", watched, encoder, predictions, explained=STUDY)
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


def mapped(tokenizer, **special):
    """The same tokens, with other ones that are special."""
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer.backend_tokenizer, **special)


@pytest.mark.parametrize("method", ["lime", "integrated_gradients", "kernelshap"])
@pytest.mark.parametrize("choice", ["auto", "study"])
def test_the_log_names_the_token_in_the_place_of_removed_ones(
    method, choice, scorer, encoder, predictions, caplog
):
    one = EXAMPLES.head(1)
    with caplog.at_level("INFO", "keepfaith.attribution"):
        run(
            method,
            scorer,
            encoder,
            predictions,
            one,
            [0],
            explained=ExplainedValue("margin", choice),
        )
    tokenizer = encoder.tokenizer
    token = 0 if choice == "study" else tokenizer.unk_token_id
    if token is None:
        token = tokenizer.eos_token_id
    text = tokenizer.convert_ids_to_tokens(token)
    assert f"token {token} ({text!r}) takes the place of removed tokens" in caplog.messages


@pytest.mark.parametrize("method", ["input_x_gradient", "random"])
def test_methods_that_remove_nothing_name_no_token(method, scorer, encoder, predictions, caplog):
    bare = PromptEncoder(mapped(encoder.tokenizer, bos_token=encoder.tokenizer.bos_token), 256)
    with caplog.at_level("INFO", "keepfaith.attribution"):
        run(method, scorer, bare, predictions, EXAMPLES.head(1), [0])
    assert not [message for message in caplog.messages if "takes the place" in message]


def test_a_tokenizer_without_such_a_token_is_refused(scorer, encoder, predictions):
    bare = PromptEncoder(mapped(encoder.tokenizer, bos_token=encoder.tokenizer.bos_token), 256)
    with pytest.raises(AttributionError, match=r"no unknown, padding or ending .*: study$"):
        run("lime", scorer, bare, predictions)
    study = ExplainedValue("margin", "study")
    assert len(run("lime", scorer, bare, predictions, EXAMPLES.head(1), [0], explained=study))


def test_perturbed_prompts_hold_the_token_that_was_chosen(scorer, encoder, predictions):
    seen = []

    class Watched(OptionScorer):
        def log_likelihoods(self, inputs, levels):
            seen.extend(inputs)
            return super().log_likelihoods(inputs, levels)

    watched = Watched(scorer.model, scorer.order, 2048)
    prompt, options = EXAMPLES.select("prompt", "options").row(0)
    encoded = encoder.encode(prompt, options)
    for choice in ("auto", "study"):
        seen.clear()
        explained = ExplainedValue("margin", choice)
        run("lime", watched, encoder, predictions, EXAMPLES.head(1), [0], explained=explained)
        instead = removed_token(encoder.tokenizer, choice)
        put = {
            new
            for item in seen
            for old, new in zip(encoded.prompt_ids, item.prompt_ids, strict=True)
            if old != new
        }
        assert put == {instead}
        assert {item.option_ids for item in seen} == {encoded.option_ids}


@pytest.mark.parametrize("method", ["lime", "attnlrp"])
def test_one_choice_has_no_margin(method, scorer, encoder):
    one = EXAMPLES.head(1).with_columns(options=pl.lit([" yes"], dtype=pl.List(pl.String)))
    known = predict(scorer, encoder, one, [0])
    with pytest.raises(AttributionError, match=r"^example a: one choice .*: log_probability$"):
        run(method, scorer, encoder, known, one, [0])
    assert len(run(method, scorer, encoder, known, one, [0], explained=STUDY))
    assert len(run("random", None, encoder, known, one, [0]))


def test_a_method_without_rules_for_the_model_is_refused_before_it_starts(encoder, predictions):
    other = OptionScorer(PrunableModel(tiny_model("gpt2")), (2, 0, 3), 2048)

    def keep(name, make):
        raise AssertionError("it started")

    with pytest.raises(
        AttributionError, match=r"^mine is not defined for 'gpt2' models, only for .*of models$"
    ):
        run("attnlrp", other, encoder, predictions, name="mine", keep=keep)
