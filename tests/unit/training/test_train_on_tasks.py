"""The `train` source: leaked rows are dropped and counted; the remaining rows train a model."""

import json
import random
from pathlib import Path

import pytest

from keepfaith.config.schema import Architecture, Recipe, TrainModel
from keepfaith.training.train_on_tasks import (
    LeakCount,
    TrainingExample,
    accuracy_on,
    normalised,
    train_on_tasks,
    without_leaks,
)

DATA = Path(__file__).parents[4] / "shared" / "data"
OPTIONS = (" negative", " positive")


def example(text: str, label: int) -> TrainingExample:
    return TrainingExample((text,), f"{text}\nAnswer:", OPTIONS, label)


def made_up(count: int) -> list[TrainingExample]:
    """Sentences whose label is one word."""
    chance = random.Random(0)
    rows = []
    for number in range(count):
        label = chance.randrange(2)
        rows.append(example(f"film {number} was {('bad', 'good')[label]}", label))
    return rows


SMALL = TrainModel(
    kind="train",
    architecture=Architecture(hidden=32, intermediate=64, layers=2, heads=2, positions=64),
    recipe=Recipe(
        steps=60,
        examples_per_step=16,
        learning_rate=5e-3,
        weight_decay=0.05,
        prompt_loss=0.2,
        attention_drop=0.0,
        word_dropout=0.0,
        embedding_dropout=0.0,
        evaluate_every=20,
    ),
    vocabulary=300,
    held_out=0.2,
    seed=1,
)


def small(patience: int = 4, **recipe: object) -> TrainModel:
    """`SMALL` with these changes of its recipe."""
    changed = SMALL.recipe.model_copy(update=recipe)
    return SMALL.model_copy(update={"recipe": changed, "patience": patience})


def test_normalisation_ignores_case_spaces_and_punctuation() -> None:
    assert normalised("It 's GOOD -- really.") == normalised("it's good, really") == "itsgoodreally"
    assert normalised("Größe 2") == normalised("Gro\u0308ße 2") == "grösse2"
    assert normalised(" +  - ") == "+ -"


def test_rows_that_occur_in_an_evaluation_part_are_dropped_and_counted() -> None:
    examples = {
        "one": [example("it's fine .", 1), example("it is dull", 0)],
        "two": [example("It 's Fine!", 1), example("...", 0)],
    }
    kept, counts = without_leaks(examples, ["IT'S FINE", "!?"])
    assert [row.texts for row in kept["one"]] == [("it is dull",)]
    assert [row.texts for row in kept["two"]] == [("...",)], "text without letters never matches"
    assert counts == {"one": LeakCount(2, 1, 1), "two": LeakCount(2, 1, 1)}


def test_every_explained_field_counts() -> None:
    row = TrainingExample(("a premise", "a hypothesis"), "prompt", (" yes", " no"), 0)
    assert without_leaks({"rte": [row]}, ["A hypothesis."])[1]["rte"].leaked == 1
    assert without_leaks({"rte": [row]}, ["a premise a hypothesis"])[1]["rte"].leaked == 0


def test_a_simple_rule_is_learnt_and_the_best_look_is_kept() -> None:
    rows = made_up(200)
    trained = train_on_tasks({"films": rows}, [rows[0].texts[0]], SMALL)
    assert trained.counts == {"films": LeakCount(200, 1, 199)}
    assert trained.held_out_accuracy > 0.9
    assert accuracy_on(trained.model, trained.tokenizer, rows) > 0.9
    best = min(trained.history, key=lambda look: look[1])
    assert trained.held_out_accuracy == best[2]


def test_training_is_deterministic() -> None:
    plan = small(steps=20, evaluate_every=10)
    first, second = (train_on_tasks({"films": made_up(80)}, [], plan) for _ in range(2))
    assert first.history == second.history


def test_training_stops_when_held_out_rows_get_no_better() -> None:
    """Random labels: the held-out loss stops falling long before the last step."""
    chance = random.Random(1)
    rows = [example(f"film {number}", chance.randrange(2)) for number in range(60)]
    plan = small(patience=2, steps=400, evaluate_every=10)
    trained = train_on_tasks({"noise": rows}, [], plan)
    assert trained.steps < 400
    assert len(trained.history) >= 3


def test_too_few_rows_are_refused() -> None:
    rows = made_up(3)
    with pytest.raises(ValueError, match="0 training rows are left"):
        train_on_tasks({"films": rows}, [row.texts[0] for row in rows], SMALL)


@pytest.mark.skipif(not DATA.is_dir(), reason="real data files are not on this machine")
def test_real_sentiment_sets_share_sentences() -> None:
    def texts(task: str, split: str) -> list[str]:
        lines = (DATA / task / f"{split}.jsonl").read_text(encoding="utf-8").strip().split("\n")
        return [json.loads(line)["text"] for line in lines]

    rows = {t: [example(x, 0) for x in texts(t, "train")] for t in ("sst2", "rotten_tomatoes")}
    kept, counts = without_leaks(rows, texts("sst2", "validation"))
    assert counts["rotten_tomatoes"].leaked > 500
    seen = {normalised(text) for text in texts("sst2", "validation")}
    assert not any(normalised(row.texts[0]) in seen for task in kept.values() for row in task)
