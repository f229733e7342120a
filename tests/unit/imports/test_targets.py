"""Targets are read as a whole: as indices, as texts of options, or as truth values, whichever all of them are."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from made_logs import Row, accuracy, as_before_0_4_3, entry, write_lines, write_list

from keepfaith.config.errors import ConfigError
from keepfaith.imports.levels import read_task


def labels(rows: Sequence[Row], folder: Path) -> list[int]:
    return [line.label for line in read_task({0: write_lines(folder, rows)}).levels[0].values()]


def two_levels(
    options: Sequence[str], targets: Sequence[object], right: Sequence[int], folder: Path
) -> list[float]:
    """Accuracy of a dense run that knows all labels and of a pruned one that misses the first."""
    dense = [
        entry(n, options, t, k, right=True)
        for n, (t, k) in enumerate(zip(targets, right, strict=True))
    ]
    pruned = [entry(0, options, targets[0], 1 - right[0], right=False), *dense[1:]]
    logs = {0: write_lines(folder / "dense", dense), 4: write_lines(folder / "drop4", pruned)}
    return [accuracy(log) for log in read_task(logs).levels.values()]


@pytest.mark.parametrize(
    ("options", "targets", "right"),
    [
        (["negative", "positive"], ["positive", "negative", "negative", "positive"], [1, 0, 0, 1]),
        (["no", "yes"], ["True", "False", "True", "True"], [1, 0, 1, 1]),
        (["no", "yes"], ["true", "false", "true", "true"], [1, 0, 1, 1]),
        (["no", "yes"], [1, 0, 1, 1], [1, 0, 1, 1]),
        (["False", "True"], ["True", "False", "True", "True"], [1, 0, 1, 1]),
        # Own texts, in an order in which the truth value and the text are two options; acc tells.
        (["True", "False"], ["True", "False", "True", "True"], [0, 1, 0, 0]),
        (["True", "False"], ["True", "False", "True", "True"], [1, 0, 1, 1]),
    ],
)
def test_texts_truth_values_and_indices_of_two_options(
    options: list[str], targets: list[object], right: list[int], tmp_path: Path
) -> None:
    assert two_levels(options, targets, right, tmp_path) == [1.0, 0.75]


def test_raw_truth_values_of_a_list(tmp_path: Path) -> None:
    rows = [entry(n, ["no", "yes"], "x", k, right=True) for n, k in enumerate([1, 0, 1, 1])]
    path = write_list(tmp_path / "model__a_made.jsonl", rows)
    text = path.read_text()
    for truth in ("true", "false", "true", "true"):
        text = text.replace('"target": "x"', f'"target": {truth}', 1)
    path.write_text(text)
    log = read_task({0: path}).levels[0]
    assert [line.label for line in log.values()] == [1, 0, 1, 1]
    assert accuracy(log) == 1.0


@pytest.mark.parametrize("right", [True, None])
def test_digits_are_texts_where_one_is_no_index(right: bool | None, tmp_path: Path) -> None:
    rows = [
        entry(0, ["1", "2", "3", "4"], "3", 2, right=right),
        entry(1, ["6", "7", "8", "9"], "7", 1, right=right),
    ]
    assert labels(rows, tmp_path) == [2, 1]


@pytest.mark.parametrize("right", [True, None])
def test_digits_are_indices_where_one_is_no_text(right: bool | None, tmp_path: Path) -> None:
    rows = [
        entry(0, ["1", "2", "3", "4"], "2", 2, right=right),
        entry(1, ["6", "7", "8", "9"], "1", 1, right=right),
    ]
    assert labels(rows, tmp_path) == [2, 1]


DIGITS = ["3", "2", "1", "0"]


@pytest.mark.parametrize(
    ("targets", "answers", "expected"),
    [
        (["1", "2"], [2, 1], [2, 1]),  # right as texts
        (["2", "1"], [2, 1], [2, 1]),  # right as indices
        (["3", "3", "0"], [0, 0, 3], [0, 0, 3]),
    ],
)
def test_digits_that_fit_both_ways_are_told_by_acc(
    targets: list[str], answers: list[int], expected: list[int], tmp_path: Path
) -> None:
    rows = [
        entry(n, DIGITS, t, k, right=True)
        for n, (t, k) in enumerate(zip(targets, answers, strict=True))
    ]
    assert labels(rows, tmp_path) == expected


def test_acc_of_any_level_tells(tmp_path: Path) -> None:
    # The dense run is wrong under both readings; the pruned one is right under one of them.
    dense = write_lines(tmp_path / "dense", [entry(0, DIGITS, "1", 3, right=False)])
    pruned = write_lines(tmp_path / "drop4", [entry(0, DIGITS, "1", 2, right=True)])
    found = read_task({0: dense, 4: pruned}).levels
    assert [log[0].label for log in found.values()] == [2, 2]


@pytest.mark.parametrize(
    "rows",
    [
        [entry(0, DIGITS, "1", 2), entry(1, DIGITS, "2", 1)],
        [entry(0, DIGITS, "1", 0, right=False), entry(1, DIGITS, "2", 0, right=False)],
        [entry(0, ["True", "False"], "True", 0)],
    ],
    ids=["no acc", "acc fits both", "truth value or text"],
)
def test_what_nothing_tells_is_refused_as_ambiguous(rows: list[Row], tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"line 1: ambiguous: target .* add the metric acc"
    ) as refusal:
        labels(rows, tmp_path)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (
            [entry(0, ["a", "b"], "0", 0), entry(1, ["a", "b"], "b", 1)],
            "line 2: target 'b' is the text of a choice, but '0' in line 1 is an index",
        ),
        (
            [entry(0, ["a", "b", "a"], "a", 0)],
            "line 1: choices 0 and 2 are the same text ' a'; leave that example out",
        ),
        ([entry(0, ["a", "b"], "²", 0)], "line 1: target '²' is none of the 2 choices"),
        ([entry(0, ["a", "b"], "01", 0)], "line 1: target '01' is none of the 2 choices"),
        ([entry(0, ["a", "b", "c"], "True", 0)], "line 1: target 'True' is none of the 3 choices"),
        ([entry(0, ["a", "b"], "0", 1, right=True)], "line 1: acc is 1.0, but the highest"),
        ([entry(0, ["a", "None"], "None", 1)], None),
    ],
)
def test_targets_that_are_no_label(rows: list[Row], expected: str | None, tmp_path: Path) -> None:
    if expected is None:
        assert labels(rows, tmp_path) == [1]
        return
    with pytest.raises(ConfigError) as refusal:
        labels(rows, tmp_path)
    assert expected in str(refusal.value)


def test_an_unlabelled_example_is_not_the_option_none(tmp_path: Path) -> None:
    row = as_before_0_4_3(entry(0, ["a", "None"], "x", 1)) | {"target": None}
    with pytest.raises(ConfigError, match="line 1: target None is none of the 2 choices"):
        labels([row], tmp_path)


@pytest.mark.parametrize("delimiter", ["", "\n", " ", "\t", "答 "])
def test_options_are_kept_with_the_delimiter_that_the_model_saw(
    delimiter: str, tmp_path: Path
) -> None:
    rows = [entry(0, ["负面", "正面"], "1", 1, right=True, delimiter=delimiter)]
    (line,) = read_task({0: write_lines(tmp_path, rows)}).levels[0].values()
    assert line.options == (f"{delimiter}负面", f"{delimiter}正面")
    assert line.label == 1


@pytest.mark.parametrize("typed", ["[2]", [2], " [ 2 ] "])
def test_a_list_of_one_right_option_is_that_option(typed: Any, tmp_path: Path) -> None:
    row = entry(0, ["a", "b", "c"], 0, 2, right=True) | {"target": typed}
    assert labels([row], tmp_path) == [2]


@pytest.mark.parametrize("typed", ["[0, 2]", [0, 2], [[2]], [True], ["c"], [], "[3]", "[]"])
def test_other_lists_are_no_label(typed: Any, tmp_path: Path) -> None:
    row = entry(0, ["a", "b", "c"], 0, 2, right=True) | {"target": typed}
    with pytest.raises(ConfigError, match="is none of the 3 choices"):
        labels([row], tmp_path)
