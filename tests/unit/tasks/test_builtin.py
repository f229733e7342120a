"""The built-in tasks: what they claim to know is worked out a second time here, from the text."""

import re
from itertools import product

import numpy as np
import pytest

from keepfaith.tasks.builtin import SPLITS, TASKS, BuiltinExample, generate
from keepfaith.tasks.builtin.hedges import HEDGE_RELIABILITY
from keepfaith.tasks.builtin.passage import STATES
from keepfaith.tasks.builtin.sentiment import ADJECTIVES, REVIEWED
from keepfaith.tasks.builtin.splits import split_of

TRUST = {"certainly": 0.98, "definitely": 0.98, "probably": 0.85, "presumably": 0.85}
TRUST |= {"perhaps": 0.65, "possibly": 0.65, "": 0.95}


def trust_in(clause: str) -> float:
    """The reliability of the hedge in a clause."""
    return TRUST[next((word for word in clause.split() if word in TRUST), "")]


def read_sentiment(example: BuiltinExample) -> tuple[int, float]:
    """Stated choice and its reliability, by a reader who splits the text into clauses."""
    clauses = re.split(r", but |, and |\. ", example.fields["text"].rstrip(".").lower())
    (counts,) = (clause for clause in clauses if clause.split()[1] in REVIEWED)
    positive = counts.split()[-1] in ADJECTIVES[1]
    return int(positive != (" not " in counts)), trust_in(counts)


def the_present(example: BuiltinExample) -> str:
    """The one sentence of a passage that says how things are now."""
    sentences = example.fields["passage"].rstrip(".").lower().split(". ")
    (counts,) = (sentence for sentence in sentences if " is " in sentence)
    return counts


def read_passage(example: BuiltinExample) -> tuple[int, float]:
    """The same for the yes/no question: does the present state equal the one asked about?"""
    counts = the_present(example)
    _, _, _, asked, _ = example.fields["question"].split()
    return int(counts.endswith(f" {asked}")), trust_in(counts)


def read_lookup(example: BuiltinExample) -> tuple[int, float]:
    """The same for the lookup question: the present sentence names a choice."""
    counts = the_present(example)
    (stated,) = (c for c, choice in enumerate(example.choices) if counts.endswith(choice))
    return stated, trust_in(counts)


READERS = {"sentiment": read_sentiment, "passage": read_passage, "lookup": read_lookup}


def test_hedges_promise_what_is_documented() -> None:
    assert HEDGE_RELIABILITY == TRUST


@pytest.mark.parametrize("task", TASKS)
def test_posterior_equals_that_of_an_independent_reader(task: str) -> None:
    """Enumerates every label a world could have: true clause, or one of the other choices."""
    for example in generate(task, "evaluation", 400, seed=1):
        stated, reliability = READERS[task](example)
        count = len(example.choices)
        mass = np.zeros(count)
        for is_true, other in product((True, False), range(count - 1)):
            label = stated if is_true else [c for c in range(count) if c != stated][other]
            chance = reliability if is_true else 1 - reliability
            mass[label] += chance / (count - 1)
        np.testing.assert_allclose(example.posterior, mass, atol=1e-12)


@pytest.mark.parametrize("task", TASKS)
def test_labels_are_drawn_from_the_posterior(task: str) -> None:
    """For every reliability, the share of labels equal to the stated choice lies within 4 SE."""
    examples = generate(task, "train", 6000, seed=2)
    confidence = np.array([max(example.posterior) for example in examples])
    right = np.array([e.posterior[e.label] == max(e.posterior) for e in examples])
    for reliability in set(TRUST.values()):
        at_it = np.isclose(confidence, reliability)
        assert at_it.sum() > 1000
        error = np.sqrt(reliability * (1 - reliability) / at_it.sum())
        assert abs(right[at_it].mean() - reliability) < 4 * error


@pytest.mark.parametrize("task", TASKS)
def test_rationale_is_the_clause_that_decides(task: str) -> None:
    for example in generate(task, "tuning", 300, seed=3):
        ((field, spans),) = example.rationale.items()
        text = example.fields[field]
        ((start, end),) = spans
        assert text[start:end] == text[start:end].strip() != ""
        without = text[:start] + text[end:]
        rationale = text[start:end].lower()
        if task == "sentiment":
            assert any(f" {noun} " in rationale for noun in REVIEWED)
            assert not any(f" {noun} " in without.lower() for noun in REVIEWED)
        else:
            assert " is " in rationale
            assert " is " not in without
        if task == "lookup":
            stated = example.choices[int(np.argmax(example.posterior))]
            assert rationale.endswith(f"{stated}.")
            assert stated not in without
        assert trust_in(rationale.rstrip(".")) == pytest.approx(max(example.posterior))


@pytest.mark.parametrize("task", TASKS)
def test_splits_share_no_text(task: str) -> None:
    texts = {}
    for split in SPLITS:
        examples = generate(task, split, 1500, seed=4)
        texts[split] = {next(iter(example.fields.values())) for example in examples}
        assert len(texts[split]) == 1500, "a text occurs twice within a split"
        assert {split_of(text) for text in texts[split]} == {split}
    assert not texts["train"] & texts["evaluation"]
    assert not texts["train"] & texts["tuning"]
    assert not texts["tuning"] & texts["evaluation"]


def test_split_ignores_case_spaces_and_punctuation() -> None:
    assert split_of("The film was good.") == split_of("the  FILM was, good")


@pytest.mark.parametrize("task", TASKS)
def test_same_seed_same_examples(task: str) -> None:
    longer = generate(task, "evaluation", 60, seed=5)
    assert generate(task, "evaluation", 40, seed=5) == longer[:40]
    assert generate(task, "evaluation", 40, seed=6) != longer[:40]
    assert len({example.id for example in longer}) == 60


@pytest.mark.parametrize("task", TASKS)
def test_answers_are_balanced(task: str) -> None:
    """No choice and no place in the text is right more often than chance, within 4 SE."""
    examples = generate(task, "evaluation", 3000, seed=7)
    choices = len(examples[0].choices)
    counts = np.bincount([example.label for example in examples], minlength=choices)
    error = np.sqrt(3000 / choices * (1 - 1 / choices))
    assert np.all(np.abs(counts - 3000 / choices) < 4 * error)


def test_lookup_offers_four_places_of_the_passage() -> None:
    for example in generate("lookup", "evaluation", 100, seed=8):
        assert len(set(example.choices)) == 4
        assert all(choice in example.fields["passage"] for choice in example.choices)
        assert all(len(choice.split()) == 4 for choice in example.choices)


def test_passage_offers_both_states_of_the_past() -> None:
    """The question's word must not give the answer away: every pair occurs with either answer."""
    examples = generate("passage", "evaluation", 600, seed=9)
    asked = {(e.fields["question"].split()[3], e.label) for e in examples}
    assert asked == {(pair[1], label) for pair in STATES for label in (0, 1)}


def test_easy_examples_are_shorter_and_keep_their_split() -> None:
    for task in TASKS:
        texts = [next(iter(e.fields.values())) for e in generate(task, "train", 300, 1, easy=True)]
        full = [next(iter(e.fields.values())) for e in generate(task, "train", 300, 1)]
        assert {split_of(text) for text in texts} == {"train"}
        assert sum(map(len, texts)) < 0.9 * sum(map(len, full))


@pytest.mark.parametrize(
    ("task", "split", "count", "says"),
    [
        ("sentimant", "train", 1, "unknown built-in task 'sentimant'"),
        ("lookup", "test", 1, "unknown split 'test'"),
        ("lookup", "train", -1, "cannot write -1 examples"),
    ],
)
def test_bad_requests_get_one_sentence(task: str, split: str, count: int, says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        generate(task, split, count, seed=0)
