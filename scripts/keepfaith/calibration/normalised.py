"""Log-likelihoods divided by the length of their choice, in tokens, bytes or characters.

The sum of a choice's log-likelihoods favours short choices. lm-evaluation-harness reports the accuracy of the largest
quotient as `acc_norm` (characters) and `acc_bytes` (bytes in UTF-8), both of the choice's text without the delimiter.
"""

from typing import Any, Literal, get_args

import polars as pl

from keepfaith.config.probabilities import ProbabilityUnit

LengthUnit = Literal["token", "byte", "character"]
LENGTH_UNITS: tuple[LengthUnit, ...] = get_args(LengthUnit)


def by_length(
    predictions: pl.DataFrame, examples: pl.DataFrame, unit: LengthUnit
) -> pl.DataFrame | None:
    """PREDICTIONS with each log-likelihood per token, byte or character of its choice.

    Args:
        predictions: PREDICTIONS; rows of examples that are not in `examples` are left out.
        examples: EXAMPLES.
        unit: of the length.

    Returns:
        None where the tokens are unknown, as in imports.
    """
    lengths = _with_lengths(predictions, examples, unit)
    if lengths["length"].null_count():
        return None
    return lengths.with_columns(pl.col("log_likelihood") / pl.col("length")).drop("length")


def in_unit(
    predictions: pl.DataFrame, examples: pl.DataFrame, unit: ProbabilityUnit
) -> tuple[pl.DataFrame, float]:
    """PREDICTIONS as they are (`sum`) or per unit of length (`by_length`), and the mean length of a choice (`sum`: 1).

    Raises:
        ValueError: the lengths are unknown.
    """
    if unit == "sum":
        return predictions, 1.0
    found = by_length(predictions, examples, unit)
    if found is None:
        raise ValueError(
            f"these predictions do not say how many {unit}s a choice has; set calibration.probabilities to byte or sum"
        )
    lengths = _with_lengths(predictions, examples, unit)["length"].to_numpy()
    return found, float(lengths.mean()) if len(lengths) else 1.0


def _with_lengths(
    predictions: pl.DataFrame, examples: pl.DataFrame, unit: LengthUnit
) -> pl.DataFrame:
    """The rows of `examples` with the `length` of their choice, null where it is unknown."""
    if unit == "token":
        known = predictions.join(examples.select("example_id"), on="example_id", how="semi")
        return known.with_columns(length=pl.col("tokens"))
    rows = [
        (row["example_id"], option, length)
        for row in examples.iter_rows(named=True)
        for option, length in enumerate(choice_lengths(_scored_texts(row), unit))
    ]
    schema = {"example_id": pl.String, "option": pl.Int64, "length": pl.Int64}
    return predictions.join(
        pl.DataFrame(rows, schema=schema, orient="row"), on=["example_id", "option"]
    )


def _scored_texts(example: dict[str, Any]) -> list[str]:
    """The text that is scored for each choice: itself, or what follows the prompt that it has for itself."""
    options: list[str] = example["options"]
    continuation = example.get("continuation")
    return options if continuation is None else [continuation] * len(options)


def choice_lengths(options: list[str], unit: Literal["byte", "character"]) -> list[int]:
    """Length of each choice of one example, without the delimiter: the white space that all of them begin with.

    A choice of which nothing remains has length 1.

    Examples:
        >>> choice_lengths([" yes", " não"], "byte"), choice_lengths([" yes", " não"], "character")
        ([3, 4], [3, 3])
    """
    shortest = min((option[: len(option) - len(option.lstrip())] for option in options), key=len)
    delimiter = next(
        shortest[:end]
        for end in range(len(shortest), -1, -1)
        if all(option.startswith(shortest[:end]) for option in options)
    )
    texts = [option.removeprefix(delimiter) for option in options]
    lengths = (len(text.encode() if unit == "byte" else text) for text in texts)
    return [max(length, 1) for length in lengths]
