"""Evidence for a status: harm beyond the margin at any of several levels, and enough texts to exclude it.

Harm beyond the margin M is shown by the lower end of its interval, not by flipping the signs of harm - M. How often
either found it in 1,000 simulated samples of 16 / 50 / 200 texts each, M = .05, in worlds of benchmarks/truth.py
(nominal at most .025 where the true harm is M):

    harms           true harm M: interval   signs                 2 M: interval       signs
    normal          .032 / .027 / .033      .024 / .022 / .028    .45 / .93 / 1.0     .44 / .93 / 1.0
    tail of losses  .019 / .018 / .024      .005 / .004 / .018    .29 / .80 / 1.0     .16 / .69 / 1.0
    tail of gains   .034 / .037 / .039      .056 / .065 / .055    .26 / .51 / .98     .35 / .64 / .99
    rare and large  .017 / .014 / .019      .000 / .001 / .010    .13 / .24 / .73     .00 / .06 / .66
"""

from collections.abc import Sequence
from math import ceil, expm1, inf, log, log1p

import polars as pl

_ROUNDING = 1e-9


def fewest_texts(margin: float, largest: float | None, confidence: float) -> float:
    """Number of independent texts below which nothing is called kept; infinite for a margin of 0.

    A harm of size L at a share M / L of all texts is a mean harm of M. With probability (1 - M / L)^n no text of a
    sample of n shows it, and then no interval made of the sample alone contains it. From ln(alpha / 2) / ln(1 - M / L)
    texts on, that probability is at most alpha / 2, the error that a one-sided interval admits anyway.

    Args:
        margin: M, the tolerated mean harm.
        largest: L, the largest harm of one example; None if the interval does not rest on the sample alone.
        confidence: 1 - alpha, of the interval.

    Examples:
        >>> fewest_texts(0.05, 1.0, 0.95), fewest_texts(0.02, 2.0, 0.95), fewest_texts(0.02, None, 0.95)
        (72, 368, 0)
    """
    if largest is None or margin >= largest:
        return 0
    if margin <= 0:
        return inf
    return ceil(log((1 - confidence) / 2) / log1p(-margin / largest) - _ROUNDING)


def unseen_harm(texts: int, largest: float | None, confidence: float) -> float:
    """The smallest margin for which this number of independent texts is enough: `fewest_texts` the other way round.

    A larger mean harm, of `largest` in a share of the texts, would be missed by every text with a probability of less
    than alpha / 2.

    Examples:
        >>> round(unseen_harm(72, 1.0, 0.95), 3), round(unseen_harm(200, 2.0, 0.95), 3), unseen_harm(72, None, 0.95)
        (0.05, 0.037, 0.0)
    """
    if largest is None:
        return 0.0
    return float(largest * -expm1(log((1 - confidence) / 2) / texts))


def too_few_to_keep(margin: float, largest: float, needed: float) -> pl.Expr:
    """The reason in words, for the column `clusters`."""
    if margin <= 0:
        return pl.lit("a margin of 0 keeps nothing: no number of texts excludes every harm")
    share = margin / largest
    unseen = (pl.lit(1 - share) ** pl.col("clusters")).round(2)
    return pl.format(
        "too few texts: {} independent ones, at least {} are needed; a loss of {}, the largest that is allowed for, in "
        "{} % of all texts is {} in the mean, and with probability {} no such text is among these",
        "clusters", pl.lit(int(needed)), pl.lit(f"{largest:g}"), pl.lit(f"{100 * share:.3g}"), pl.lit(f"{margin:g}"),
        unseen,
    )  # fmt: skip


def beyond_margin(ends: Sequence[Sequence[float] | None], margin: float) -> list[bool]:
    """Levels at which the harm is shown to exceed the margin, by Holm's step-down procedure on intervals (Holm 1979).

    With K levels, those count whose lower end at confidence 1 - alpha / K lies above the margin; with r of these, the
    others are compared at 1 - alpha / (K - r), and so on.

    Args:
        ends: per level the lower ends of the harm at confidences 1 - alpha / 1, 1 - alpha / 2, ...; None if unknown.
        margin: tolerated harm.

    Examples:
        >>> beyond_margin([(0.3, 0.2), (0.2, 0.05), None], margin=0.1)  # the second after the first
        [True, True, False]
        >>> beyond_margin([(0.2, 0.05), (0.2, 0.05)], margin=0.1)
        [False, False]
    """
    known = [index for index, of_level in enumerate(ends) if of_level is not None]
    shown: set[int] = set()
    while True:
        step = len(known) - len(shown) - 1
        found = {
            index
            for index in known
            if index not in shown
            and (of_level := ends[index]) is not None
            and step < len(of_level)
            and of_level[step] > margin
        }
        if not found:
            return [index in shown for index in range(len(ends))]
        shown |= found
