"""What to do next: how many texts would decide what stays open, and the cautions that tasks have in common."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polars as pl

from keepfaith.figures.labels import quantity_name
from keepfaith.plugins.quantity import judged_quantities
from keepfaith.statistics.verdict import UNDECIDED

_NUMBER = re.compile(r"\d[\d,.]*")


def next_steps(verdicts: pl.DataFrame, *, logged: bool = False) -> list[str]:
    """One sentence per judged quantity that is undecided at some level because its texts are too few; most texts last.

    Args:
        verdicts: VERDICT of all cells, with leading columns model, order and task.
        logged: whether the texts are those of another tool's logs, whose number no setting here changes.
    """
    open_ = verdicts.filter(
        pl.col("status") == UNDECIDED,
        pl.col("decidable") > pl.col("margin"),
        pl.col("enough").is_not_null(),
    )
    needed = (
        open_.group_by("task", "quantity", "margin", maintain_order=True)
        .agg(pl.col("enough").min(), pl.col("clusters").max())
        .group_by("quantity", "margin", maintain_order=True)
        .agg(
            pl.col("enough").min().alias("fewest"),
            pl.col("enough").max().alias("most"),
            pl.col("clusters").min().alias("fewest_now"),
            pl.col("clusters").max().alias("most_now"),
        )
        .sort("most", maintain_order=True)
    )
    return [
        f"{quantity_name(row['quantity'])} within its margin of {row['margin']:g}: "
        f"{_range(row['fewest'], row['most'])} independent texts of a task "
        f"({_range(row['fewest_now'], row['most_now'])} now; "
        f"{'as logged' if logged else _counted(row['quantity'])}), or a wider margin"
        for row in needed.iter_rows(named=True)
    ]


def margin_sentence(verdicts: pl.DataFrame) -> str:
    """The margin of every judged quantity and the independent texts of a task that it rests on.

    Args:
        verdicts: VERDICT of all cells, with leading columns model, order and task.
    """
    found = verdicts.group_by("quantity", "margin", maintain_order=True).agg(
        pl.col("clusters").min().alias("fewest"), pl.col("clusters").max().alias("most")
    )
    return "; ".join(
        f"{quantity_name(row['quantity'])} {row['margin']:g} ({_range(row['fewest'], row['most'])} texts of a task)"
        for row in found.filter(pl.col("most").is_not_null()).iter_rows(named=True)
    )


def _counted(quantity: str) -> str:
    """The setting that says how many examples a quantity has."""
    return f"examples.{'explanation' if judged_quantities()[quantity].explained else 'evaluation'}"


def _range(fewest: int, most: int) -> str:
    return f"{fewest:,}" if fewest == most else f"{fewest:,} to {most:,}"


@dataclass(frozen=True)
class SharedCaution:
    """A caution, and where it holds; with other numbers, where `alike`."""

    sentence: str
    places: tuple[str, ...]
    alike: bool


def shared_cautions(cautions: Iterable[tuple[str, Sequence[str]]]) -> list[SharedCaution]:
    """Cautions of all cells, those that differ in numbers alone as one; in the most cells first.

    Args:
        cautions: name of a cell, and its sentences.
    """
    found: dict[str, list[tuple[str, str]]] = {}
    for place, sentences in cautions:
        for sentence in sentences:
            found.setdefault(_NUMBER.sub("#", sentence), []).append((place, sentence))
    shared = [
        SharedCaution(
            each[0][1],
            tuple(dict.fromkeys(place for place, _ in each)),
            len({sentence for _, sentence in each}) > 1,
        )
        for each in found.values()
    ]
    return sorted(shared, key=lambda caution: -len(caution.places))
