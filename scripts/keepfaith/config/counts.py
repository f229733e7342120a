"""Number of examples of each subset, for both the check before any job and the job itself."""

from collections.abc import Mapping
from typing import NamedTuple

from keepfaith.config.errors import ConfigError
from keepfaith.config.schema import Examples, FewShot

AUTOMATIC_TUNING = 500
"""Examples that `auto` sets aside: at a temperature of 2, its standard deviation is about .2 with this many, and
about .4 with 200."""


class Counts(NamedTuple):
    """Examples of each subset; explanation examples are evaluation examples."""

    evaluation: int
    explanation: int
    tuning: int


def tuning_count(examples: Examples, tuning_rows: int | None) -> int:
    """Number of tuning examples of a task.

    Args:
        examples: the requested numbers; `auto` takes nothing from the evaluation split.
        tuning_rows: rows of the tuning split; None where there is none, or it is the evaluation split.

    Examples:
        >>> [tuning_count(Examples(), rows) for rows in (None, 120, 67_349)]
        [0, 120, 500]
    """
    if examples.tuning == "auto":
        return min(AUTOMATIC_TUNING, tuning_rows or 0)
    return examples.tuning


def subset_counts(
    task: str,
    examples: Examples,
    rows: int,
    tuning_rows: int | None,
    skipped: int = 0,
    evaluated: int = 0,
) -> Counts:
    """Sizes of the subsets of a task.

    `evaluation` is an upper bound: a smaller split gives all its rows, and the tables state their number. Too few
    explained or tuning examples are refused, as tasks would not be comparable.

    Args:
        task: its name, for the message.
        examples: the requested numbers.
        rows: rows of the evaluation split.
        tuning_rows: rows of the tuning split; None where tuning is taken from the evaluation split.
        skipped: rows that the source's `skip` left out of them, for the message.
        evaluated: rows left out of the tuning split because they are also in the evaluation split, for the message.

    Raises:
        ConfigError: there are fewer rows than explained or tuning examples.
    """
    less = f" ({skipped} more are left out by skip)" if skipped else ""
    also = f" ({evaluated} more are also in its evaluation split)" if evaluated else ""
    tuning = tuning_count(examples, tuning_rows)
    if tuning_rows is not None and tuning > tuning_rows:
        raise ConfigError(
            "config: examples.tuning",
            f"{tuning} tuning examples are more than the {tuning_rows} rows that task {task!r} has for "
            f"them{less}{also}; type at most {tuning_rows}",
        )
    left = rows if tuning_rows is not None else rows - tuning
    if left < 1:
        raise ConfigError(
            "config: examples.tuning",
            f"{tuning} tuning examples leave nothing of the {rows} rows of task {task!r} to evaluate{less}; "
            f"type at most {max(0, rows - examples.explanation)}",
        )
    evaluation = left if examples.evaluation == "all" else min(left, examples.evaluation)
    if examples.explanation > evaluation:
        raise ConfigError(
            "config: examples.explanation",
            f"{examples.explanation} explained examples are more than the {evaluation} evaluation examples of task "
            f"{task!r}{less}; type at most {evaluation}",
        )
    return Counts(evaluation, examples.explanation, tuning)


def enough_shots(task: str, few_shot: FewShot, found: int, split: str) -> None:
    """Check the number of training rows that may be solved examples.

    Raises:
        ConfigError: there are fewer than are asked for.
    """
    if found < few_shot.examples:
        raise ConfigError(
            f"task {task}: few_shot",
            f"{split} has {found} rows that are not evaluated, {few_shot.examples} solved examples are asked for; type "
            f"at most {found}, or name a longer training split",
        )


def left_out(skipped: Mapping[str, int], rows: int) -> str:
    """The number of rows that a source leaves out: `1 of 6 rows left out by skip (1 unlabelled)`."""
    keys = [("only", "not_selected" in skipped), ("skip", bool(skipped.keys() - {"not_selected"}))]
    named = " and ".join(key for key, used in keys if used)
    reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(skipped.items()))
    total = sum(skipped.values())
    return f"{total} of {rows + total} rows left out by {named} ({reasons})"


def evaluated_too(evaluated: int, rows: int, evaluation: str) -> str:
    """The number of tuning rows that are left out because they are evaluated, as a phrase."""
    return (
        f"{evaluated} of {rows + evaluated} tuning rows are also in {evaluation}, and are left out"
    )
