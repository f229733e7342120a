"""The catalog's local sources on the real files, where they are at hand."""

from pathlib import Path

import polars as pl
import pytest

from keepfaith.config.load import load_study
from keepfaith.config.preflight import check
from keepfaith.tasks.prepare import prepare_task, training_examples

ROOT = Path(__file__).parents[3]
SHARED = ROOT.parent / "shared"
COUNTS = {
    "boolq": (3000, 2),
    "rte": (277, 2),
    "arc_easy": (2376, None),
    "arc_challenge": (1172, None),
    "openbookqa": (500, 4),
    "tweet_eval": (2000, 3),
    "rotten_tomatoes": (1066, 2),
    "sst2": (872, 2),
    "movie_rationales": (200, 2),
}

pytestmark = pytest.mark.skipif(
    not (SHARED / "data").is_dir(), reason="the real data are not at hand"
)


def study(*tasks: str) -> dict[str, object]:
    return {
        "name": "real",
        "models": ["stories260k", "babyllama105", *(["small_trained"] if len(tasks) > 1 else [])],
        "orders": ["cosine"],
        "text": "wikitext2_local",
        "tasks": list(tasks),
        "methods": ["lime"],
        "task_source": "local",
        "examples": {"explanation": 50, "tuning": 100},
        "folders": {"data": str(SHARED / "data"), "models": str(SHARED / "models")},
    }


@pytest.mark.slow
def test_all_real_inputs_are_accepted() -> None:
    settings = load_study(study(*COUNTS), [ROOT / "config" / "catalog"])
    check(settings)
    assert settings.layers == {"stories260k": 5, "babyllama105": 5, "small_trained": 8}


@pytest.mark.parametrize("name", COUNTS)
def test_examples(name: str) -> None:
    settings = load_study(study(name), [ROOT / "config" / "catalog"])
    frame = prepare_task(settings.tasks[name], settings.study.examples).examples
    count, options = COUNTS[name]
    assert frame["evaluation"].sum() == count
    assert frame["explanation"].sum() == 50
    assert frame["tuning"].sum() == 100
    if options:
        assert set(frame["options"].list.len()) == {options}
    else:
        assert set(frame["options"].list.len()) <= {3, 4, 5}
    assert (frame["label"] < frame["options"].list.len()).all()
    assert (frame["prompt"] == frame["prompt"].str.strip_chars_end()).all()
    if name == "movie_rationales":
        assert frame["rationale"].list.len().min() >= 1  # type: ignore[operator]


def test_training_rows_of_a_task_are_not_its_tuning_rows() -> None:
    settings = load_study(study("rte"), [ROOT / "config" / "catalog"])
    task, examples = settings.tasks["rte"], settings.study.examples
    training = training_examples(task, examples)
    tuning = prepare_task(task, examples).examples.filter(pl.col("tuning"))
    assert training.height == 2240
    assert not set(training["prompt"]) & set(tuning["prompt"])
