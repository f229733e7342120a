"""Predictions are a PREDICTIONS frame of every level, example and option."""

import polars as pl
import pytest

from keepfaith.artifacts.schemas import EXAMPLES, PREDICTIONS
from keepfaith.artifacts.tables import conform
from keepfaith.scoring.encoding import EncodingError, ScoringInput
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
            "evidence": [],
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


def test_an_example_that_cannot_be_scored_stops_the_job(scorer, encoder):
    with pytest.raises(EncodingError, match="example b: option ''"):
        predict(scorer, encoder, examples(b=["", " no"]), [0])


def test_parts_are_kept_and_brought_back(scorer, encoder, monkeypatch):
    """In parts of one example the table is the same, and finished parts call no model."""
    whole = predict(scorer, encoder, examples(), [2, 0])
    monkeypatch.setattr("keepfaith.scoring.predict.EXAMPLES_PER_PART", 1)
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
    monkeypatch.setattr("keepfaith.scoring.predict.EXAMPLES_PER_PART", 1)
    with pytest.raises(EncodingError, match="example b"):
        predict(scorer, encoder, examples(b=["", " no"]), [0])
