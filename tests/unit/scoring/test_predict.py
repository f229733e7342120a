"""Predictions are a PREDICTIONS frame of every level, example and option."""

import polars as pl
import pytest

from keepfaith.artifacts.provenance import Provenance
from keepfaith.artifacts.schemas import EXAMPLES, PREDICTIONS
from keepfaith.artifacts.tables import conform, write_table
from keepfaith.attribution.explain import explain
from keepfaith.attribution.problem import NoSettings
from keepfaith.calibration.probabilities import predicted
from keepfaith.scoring.cut_counts import cut_counts
from keepfaith.scoring.encoding import EncodingError, PromptEncoder, ScoringInput
from keepfaith.scoring.left_out import left_out_notes, without_left_out
from keepfaith.scoring.predict import predict

OPTIONS = {"a": [" yes", " no", " not at all"], "b": [" positive", " negative"]}


def examples(**changes):
    rows = [
        {
            "example_id": name,
            "row": number,
            "prompt": f"The film {name} was good.\nAnswer:",
            "fields": [],
            "outside": None,
            "options": changes.get(name, options),
            "label": 0,
            "rationale": [],
            "contexts": None,
            "continuation": None,
            "posterior": [],
            "evaluation": True,
            "explanation": False,
            "tuning": False,
        }
        for number, (name, options) in enumerate(OPTIONS.items())
    ]
    return conform(pl.DataFrame(rows), EXAMPLES)


def test_frame(scorer, encoder):
    frame = predict(scorer, encoder, examples(), [0, 2])
    assert dict(frame.schema) == dict(PREDICTIONS.columns)
    assert frame.select("level", "example_id", "option").rows() == [
        (level, name, option)
        for level in (0, 2)
        for name, options in OPTIONS.items()
        for option in range(len(options))
    ]
    encoded = encoder.encode("The film b was good.\nAnswer:", OPTIONS["b"])
    (alone,) = scorer.log_likelihoods([ScoringInput(encoded.prompt_ids, encoded.option_ids)], [2])
    found = frame.filter(level=2, example_id="b")
    assert found["log_likelihood"].to_list() == pytest.approx(alone[0].tolist(), abs=1e-5)
    assert found["tokens"].to_list() == [len(ids) for ids in encoded.option_ids]


def test_tuning_examples_change_no_digit_of_the_others(scorer, encoder, monkeypatch):
    """Even where the shards would hold both: they come last and are in shards of their own."""
    monkeypatch.setattr("keepfaith.scoring.predict.EXAMPLES_PER_SWEEP", 3)
    both = examples()
    tuning = both.with_columns(
        example_id=pl.format("tuning-{}", "example_id"),
        prompt=pl.format("{} And more words than that", "prompt"),
        evaluation=pl.lit(value=False),
        tuning=pl.lit(value=True),
    )
    kept = {}

    def keep(name, make):
        kept[name] = make()
        return kept[name]

    found = predict(scorer, encoder, pl.concat([tuning, both]), [0, 2], keep)
    assert found["example_id"].unique(maintain_order=True).to_list() == [
        "a",
        "b",
        "tuning-a",
        "tuning-b",
    ]
    assert [set(shard["example_id"]) for shard in kept.values()] == [
        {"a", "b"},
        {"tuning-a", "tuning-b"},
    ]
    of_both = found.filter(pl.col("example_id").is_in(["a", "b"]))
    assert of_both.equals(predict(scorer, encoder, both, [0, 2]))
    of_tuning = found.filter(pl.col("example_id").str.starts_with("tuning"))
    assert of_tuning.equals(predict(scorer, encoder, tuning, [0, 2]))


def test_an_example_that_cannot_be_scored_stops_the_job(scorer, encoder):
    with pytest.raises(EncodingError, match="example b: choice ''"):
        predict(scorer, encoder, examples(b=["", " no"]), [0])


def test_shards_are_kept_and_read_back(scorer, encoder, monkeypatch):
    """In shards of one example the table is the same, and finished shards call no model."""
    whole = predict(scorer, encoder, examples(), [2, 0])
    monkeypatch.setattr("keepfaith.scoring.predict.EXAMPLES_PER_SWEEP", 1)
    kept = {}

    def keep(name, make):
        kept[name] = kept[name] if name in kept else make()
        return kept[name]

    found = predict(scorer, encoder, examples(), [2, 0], keep)
    assert len(kept) == 2
    assert found.drop("log_likelihood").equals(whole.drop("log_likelihood"))
    assert found["log_likelihood"].to_list() == pytest.approx(
        whole["log_likelihood"].to_list(), abs=1e-5
    )

    def fail(*_):
        raise AssertionError("scored again")

    monkeypatch.setattr(type(scorer), "log_likelihoods", fail)
    assert predict(scorer, encoder, examples(), [2, 0], keep).equals(found)


def test_what_cannot_be_scored_is_said_before_anything_is_scored(scorer, encoder, monkeypatch):
    def fail(*_):
        raise AssertionError("scored")

    monkeypatch.setattr(type(scorer), "log_likelihoods", fail)
    monkeypatch.setattr("keepfaith.scoring.predict.EXAMPLES_PER_SWEEP", 1)
    with pytest.raises(EncodingError, match="example b"):
        predict(scorer, encoder, examples(b=["", " no"]), [0])


def test_all_that_cannot_be_scored_are_named_at_once(scorer, encoder):
    with pytest.raises(EncodingError) as caught:
        predict(scorer, encoder, examples(a=["", " no"], b=[" no", " no"]), [0])
    message = str(caught.value)
    assert message.startswith("example a: choice ''") and "\n" not in message
    assert "or type scoring.unscorable: leave_out" in message
    assert message.endswith("; 2 of 2 are refused: a, b")


def test_left_out_where_asked_for(scorer, encoder, tmp_path, caplog):
    """The rest is scored as without it, explained, and complete for every reader of the tables."""
    both = examples(a=["", " no"]).with_columns(explanation=True)
    with caplog.at_level("WARNING"):
        found = predict(scorer, encoder, both, [0, 2], leave_out=True)
    assert "1 of 2 examples are left out, as the tokenizer has no tokens for them: a" in caplog.text
    assert found.equals(predict(scorer, encoder, both.filter(example_id="b"), [0, 2]))
    path = tmp_path / "predictions.parquet"
    write_table(found, path, PREDICTIONS, Provenance(measured={"left_out": ["a"]}))
    left = without_left_out(both, path)
    assert left["example_id"].to_list() == ["b"]
    assert predicted(found, left).levels[2].size == 1
    table = explain("random", NoSettings(), 0, None, encoder, left, [0, 2], found)
    assert table["example_id"].unique().to_list() == ["b"]
    (note,) = left_out_notes(len(both), len(left))
    assert note.startswith("1 of 2 evaluation examples are left out")
    assert left_out_notes(2, 2) == []


def test_a_cut_example_that_is_left_out_counts_nowhere(scorer, encoder):
    """Its two prompts are the same tokens, which is seen after the first was cut."""
    same = ["It was late. " * 40 + "A film"] * 2
    of_a = pl.col("example_id") == "a"
    both = examples(a=[" yes", " no"]).with_columns(
        contexts=pl.when(of_a).then(pl.lit(same)), continuation=pl.when(of_a).then(pl.lit(" good"))
    )
    short = PromptEncoder(encoder.tokenizer, 60, cut_left=True)
    found = predict(scorer, short, both, [0], leave_out=True)
    assert found["example_id"].unique().to_list() == ["b"] and not short.cut
    scored = both.join(found, on="example_id", how="semi")
    assert cut_counts(short, scored) == {
        "evaluated": 1,
        "cut": 0,
        "rationales": 0,
        "rationales_cut": 0,
    }


def test_predictions_that_leave_nothing_out_stay_complete_or_refused(scorer, encoder, tmp_path):
    found = predict(scorer, encoder, examples(), [0], leave_out=True)
    path = tmp_path / "predictions.parquet"
    write_table(found, path, PREDICTIONS, Provenance())
    assert without_left_out(examples(), path).equals(examples())
    with pytest.raises(ValueError, match="example 'a' has 0 scored choices"):
        predicted(found.filter(example_id="b"), without_left_out(examples(), path))


@pytest.mark.parametrize(("explained", "what"), [(False, "evaluate"), (True, "explain")])
def test_nothing_to_evaluate_or_to_explain_is_left(explained, what, scorer, encoder):
    bad = {"a": ["", " no"]} if explained else {"a": ["", " no"], "b": ["", " no"]}
    table = examples(**bad).with_columns(explanation=pl.col("example_id") == "a")
    with pytest.raises(EncodingError, match=f"leave_out leaves no example to {what}: use a model"):
        predict(scorer, encoder, table, [0], leave_out=True)
