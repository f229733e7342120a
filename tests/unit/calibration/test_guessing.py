"""What an answer reaches that never looks at the prompt: by brute force, and on options that change their places."""

from itertools import product

import numpy as np
import pytest

from keepfaith.calibration.guessing import guessing as guessing_of_prompts

ROWS = 60


def guessing(options, labels, listed=True):
    """With prompts that list the options in their order, or that do not."""
    prompts = [", ".join(of_row) if listed else "Which?" for of_row in options]
    return guessing_of_prompts(options, labels, prompts)


COLOURS = ["red", "green", "blue"]


def rotated(options: list[str], by: int) -> list[str]:
    return options[by % len(options) :] + options[: by % len(options)]


def own(row: int, count: int = 4) -> list[str]:
    return [f"answer {row}.{option}" for option in range(count)]


def at(right: list[str], options: list[list[str]]) -> np.ndarray:
    return np.array([of_row.index(text) for text, of_row in zip(right, options, strict=True)])


def test_the_most_frequent_label_where_all_have_the_same_options():
    assert guessing([["no", "yes"]] * ROWS, np.array([1] * 37 + [0] * 23)) == pytest.approx(37 / 60)
    assert guessing([["no", "yes"]] * ROWS, np.arange(ROWS) % 2) == pytest.approx(0.5)


@pytest.mark.parametrize(
    "spell",
    [
        lambda text, row: text,
        lambda text, row: f" {text}",
        lambda text, row: text.upper() if row % 2 else text,
    ],
    ids=["as it is", "blanks", "case"],
)
def test_the_most_frequent_text_where_the_options_change_their_order(spell):
    """Every place is right in a third of the rows, but green is right in 40 of 60."""
    right = ["green"] * 40 + ["red"] * 10 + ["blue"] * 10
    options = [rotated(COLOURS, row) for row in range(ROWS)]
    labels = at(right, options)
    assert np.bincount(labels).max() < 25
    spelled = [[spell(text, row) for text in of_row] for row, of_row in enumerate(options)]
    assert guessing(spelled, labels) == pytest.approx(40 / 60)


def test_the_most_frequent_place_where_every_row_has_its_own_options():
    options = [own(row) for row in range(ROWS)]
    assert guessing(options, np.zeros(ROWS, np.int64)) == 1.0
    assert guessing(options, np.array([3] * 30 + [0, 1, 2] * 10)) == pytest.approx(0.5)
    assert guessing(options, np.arange(ROWS) % 4) == pytest.approx(0.25)


@pytest.mark.parametrize("label", [0, 3])
def test_a_place_that_no_prompt_shows_gives_nothing_away(label):
    """As in benchmarks whose right option is always the first: what scores each option by itself never sees that."""
    options = [own(row) for row in range(ROWS)]
    assert guessing(options, np.full(ROWS, label), listed=False) == pytest.approx(0.25)
    pairs = [[f"The cat {row} sleeps.", f"The cat {row} sleep."] for row in range(ROWS)]
    assert guessing(pairs, np.zeros(ROWS, np.int64), listed=False) == pytest.approx(0.5)
    backwards = [", ".join(reversed(of_row)) for of_row in options]
    assert guessing_of_prompts(options, np.zeros(ROWS, np.int64), backwards) == pytest.approx(0.25)


def test_the_last_place_where_rows_have_different_numbers_of_options():
    counts = [2 + row % 3 for row in range(ROWS)]
    options = [own(row, count) for row, count in enumerate(counts)]
    last = np.array([count - 1 for count in counts])
    assert guessing(options, last) == 1.0
    # Balanced, drawing counts: a third of the rows each with 2, 3 and 4 options.
    balanced = np.array([row // 3 % count for row, count in enumerate(counts)])
    assert guessing(options, balanced) == pytest.approx((1 / 2 + 1 / 3 + 1 / 4) / 3, abs=0.03)


def test_a_text_that_most_rows_offer():
    """Half of the rows have a third option: yes is right in 48 of 60, at changing places."""
    options = [
        rotated(["no", "yes", "maybe"] if row % 2 else ["no", "yes"], row // 2)
        for row in range(ROWS)
    ]
    right = ["yes" if row % 5 else "no" for row in range(ROWS)]
    assert guessing(options, at(right, options)) == pytest.approx(0.8)


def test_a_text_that_one_row_offers_says_nothing_about_the_others():
    options = [own(row) for row in range(8)]
    assert guessing(options, np.arange(8) % 4) == pytest.approx(0.25)


def test_options_of_one_row_that_differ_in_case_alone_stay_apart():
    options = [rotated(["us", "US"], row) for row in range(ROWS)]
    right = ["US"] * 45 + ["us"] * 15
    assert guessing(options, at(right, options)) == pytest.approx(0.75)


@pytest.mark.parametrize("seed", range(20))
def test_no_constant_answer_does_better(seed):
    """Against all strategies by brute force, where every row has the same texts in an order of its own."""
    generator = np.random.default_rng(seed)
    options = [list(generator.permutation(COLOURS)) for _ in range(12)]
    labels = generator.integers(0, 3, 12)
    reached = [1 / 3]
    for place, text in product(range(3), COLOURS):
        reached.append(np.mean(labels == place))
        reached.append(
            np.mean([of_row[k] == text for of_row, k in zip(options, labels, strict=True)])
        )
    assert guessing(options, labels) == pytest.approx(max(reached))
