"""What a line asked: options once each, behind one prompt; and answers that are logarithms of probabilities."""

from pathlib import Path

import pytest
from made_logs import Row, entry, write_lines

from keepfaith.config.errors import ConfigError
from keepfaith.imports.levels import read_task

OPTIONS = ["no", "yes"]


def twice(row: Row, prompt: str | None, metric: bool = True) -> Row:
    """The row with its options once more behind another prompt, unlikely ones, as acc_mutual_info asks for them."""
    pairs = list(row["arguments"].values())
    again = [pair if prompt is None else pair | {"arg_0": prompt} for pair in pairs]
    changed = row | {
        "arguments": {f"gen_args_{k}": pair for k, pair in enumerate(pairs + again)},
        "filtered_resps": row["filtered_resps"] + [["-0.001", "False"], ["-0.002", "False"]],
    }
    return changed | ({"acc_mutual_info": 0.0} if metric else {})


def refusal(row: Row, folder: Path) -> str:
    with pytest.raises(ConfigError) as refused:
        read_task({0: write_lines(folder, [row])})
    return refused.value.problem


@pytest.mark.parametrize(
    ("first", "second", "metric"),
    [("Is it?", "", True), ("Is it?", "", False), ("", "", True)],
    ids=["metric", "told by the prompts", "empty prompt"],
)
def test_the_options_behind_the_prompt_are_read(
    first: str, second: str, metric: bool, tmp_path: Path
) -> None:
    row = entry(0, OPTIONS, 1, 1, right=True, prompt=first)
    (plain,) = read_task({0: write_lines(tmp_path / "plain", [row])}).levels[0].values()
    log = write_lines(tmp_path / "twice", [twice(row, second, metric)])
    (found,) = read_task({0: log}).levels[0].values()
    assert (found.options, found.log_likelihoods) == ((" no", " yes"), plain.log_likelihoods)
    assert (found.prompt, found.label) == (first, 1)


def test_options_that_stand_there_twice(tmp_path: Path) -> None:
    row = entry(0, OPTIONS, 1, 1, right=True, prompt="")
    assert refusal(twice(row, None, metric=False), tmp_path).startswith(
        "line 1: its 2 choices occur twice, as acc_mutual_info requests them"
    )
    assert "follow different prompts" in refusal(twice(row, "Answer:"), tmp_path)
    assert refusal(entry(0, ["a", "b", "a"], 1, 1, right=True), tmp_path) == (
        "line 1: choices 0 and 2 are the same text ' a'; leave that example out of the logs of all levels, and move "
        "their results_*.json away"
    )


@pytest.mark.parametrize("value", [0.0011, 5.2, 1e308])
def test_a_log_likelihood_above_zero_is_none(value: float, tmp_path: Path) -> None:
    row = entry(0, OPTIONS, 1, 1, right=True)
    row["filtered_resps"][1][0] = str(value)
    assert refusal(row, tmp_path).startswith(
        f"line 1: the log-likelihood of choice 1 is {value:g}, above 0, which is impossible for the "
        "logarithm of a probability"
    )


def test_rounding_above_zero_is_read_as_it_stands(tmp_path: Path) -> None:
    row = entry(0, OPTIONS, 1, 1, right=True)
    row["filtered_resps"][1][0] = "1e-05"
    (line,) = read_task({0: write_lines(tmp_path, [row])}).levels[0].values()
    assert line.log_likelihoods[1] == 1e-5
