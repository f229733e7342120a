"""Power: the margins that a number of texts can decide, before a run and after it.

A level without any harm is called kept with probability .8 if the margin is at least

    M80 = max((z_{1-alpha/2} + z_.80) s / sqrt(n), L (1 - (alpha/2)^(1/n))),

with s the standard deviation of one text's paired difference, n the number of independent texts, and L the largest harm
of one of them: a test of non-inferiority (Julious 2004, "Sample sizes for clinical trials with normal data") and the
floor of `statistics.evidence`. Harm beyond the margin M is shown with probability .8, after Holm's correction over K
levels, if it is at least

    D80 = M + (z_{1-alpha/(2K)} + z_.80) s / sqrt(n).

For accuracy s^2 is the share of texts whose answer turns from right to wrong or back, and s is replaced by the standard
deviation under a harm of the margin, with which Tango's interval is made: of 300 texts with 3 % of changed answers 9
change, and the interval allows for more of them than were seen (`_score_margin`). Before a run s is expected
(`Quantity.spread`); after it, s is measured as the half width of the interval times sqrt(n) / z_{1-alpha/2}, so that
it contains what texts share, the noise of seeds and the kind of the interval.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, sqrt
from statistics import NormalDist

import polars as pl

from keepfaith.statistics.combined import unseen_mean_harm
from keepfaith.statistics.evidence import fewest_texts, unseen_harm

POWER = 0.8
"""Probability with which a margin must be decided."""

_ROUNDING = 1e-9
_standard = NormalDist()


def standard_errors(confidence: float = 0.95, levels: int = 1) -> float:
    """z_{1-alpha/(2K)} + z_.80, standard errors between the margin and what is decided about it.

    Args:
        confidence: 1 - alpha, of the intervals.
        levels: K, over which Holm corrects; 1 where nothing is corrected, as for kept.

    Examples:
        >>> round(standard_errors(), 3), round(standard_errors(levels=16), 3)
        (2.802, 3.797)
    """
    tail = (1 - confidence) / 2 / levels
    return _standard.inv_cdf(1 - tail) + _standard.inv_cdf(POWER)


def smallest_margin(
    spread: float,
    texts: int,
    largest: float | None = None,
    confidence: float = 0.95,
    *,
    by_score: bool = False,
) -> float:
    """M80, the smallest margin within which a level without harm is kept with probability .8.

    Args:
        spread: s, standard deviation of one text's paired difference.
        texts: n, independent texts.
        largest: L, the largest harm of one text; None: no floor.
        confidence: of the interval.
        by_score: whether the interval is Tango's, of a difference of proportions (`Quantity.by_score`).

    Examples:
        >>> from math import sqrt
        >>> round(smallest_margin(sqrt(0.10), 277, by_score=True), 3)  # accuracy on RTE, 10 % of answers change
        0.056
        >>> round(smallest_margin(0.1, 16, largest=1.0), 3)  # the floor
        0.206
    """
    if by_score:
        return _score_margin(spread**2, texts, confidence)
    by_spread = standard_errors(confidence) * spread / sqrt(texts)
    return max(by_spread, unseen_harm(texts, largest, confidence))


def _score_margin(changed: float, texts: int, confidence: float) -> float:
    """M80 of an accuracy: the upper end of Tango's interval at the .8-quantile of the observed harm.

    Kept means (M - d) / sqrt(v / n) >= z_{1-alpha/2}, with d the observed harm and v the variance of one text's
    difference under a true harm of M, from the restricted maximum-likelihood estimate of Tango (1998, "Equivalence
    test and confidence interval for the difference in proportions for the paired-sample design").

    Args:
        changed: q, share of texts whose answer changes, half of them to wrong.
        texts: n.
        confidence: of the interval.
    """
    return _score_end(_standard.inv_cdf(POWER) * sqrt(changed / texts), changed, texts, confidence)


def _score_end(harm: float, changed: float, texts: int, confidence: float) -> float:
    """The upper end of Tango's interval at an observed harm, with this share of changed answers."""
    gained = max(0.0, (changed - harm) / 2)

    def too_small(margin: float) -> bool:
        linear = -changed + (2 - harm) * margin
        restricted = (sqrt(linear**2 + 8 * gained * margin * (1 - margin)) - linear) / 4
        variance = 2 * restricted + margin * (1 - margin)
        return margin - harm < _standard.inv_cdf((1 + confidence) / 2) * sqrt(variance / texts)

    low, high = min(harm, 1.0), 1.0
    while high - low > _ROUNDING:
        middle = (low + high) / 2
        low, high = (middle, high) if too_small(middle) else (low, middle)
    return high


def texts_to_decide(
    margin: float,
    spread: float,
    largest: float | None = None,
    confidence: float = 0.95,
    *,
    by_score: bool = False,
) -> int | None:
    """The smallest number of texts with which `smallest_margin` is at most this margin; None for a margin of 0.

    Examples:
        >>> from math import sqrt
        >>> texts_to_decide(0.02, sqrt(0.10), by_score=True), texts_to_decide(0.05, 0.1, largest=1.0)
        (1991, 72)
    """
    if margin <= 0:
        return None
    by_spread = ceil((standard_errors(confidence) * spread / margin) ** 2 - _ROUNDING)
    fewest = int(max(1, by_spread, fewest_texts(margin, largest, confidence)))
    if not by_score:
        return fewest
    few, many = 1, max(2, fewest)
    while _score_margin(spread**2, many, confidence) > margin:
        few, many = many, 2 * many
    while many - few > 1:
        middle = (few + many) // 2
        enough = _score_margin(spread**2, middle, confidence) <= margin
        few, many = (few, middle) if enough else (middle, many)
    return many


def detectable_harm(
    margin: float, spread: float, texts: int, levels: int = 1, confidence: float = 0.95
) -> float:
    """D80, the smallest true harm that is shown to exceed the margin with probability .8.

    Examples:
        >>> round(detectable_harm(0.05, 0.1, 50), 3), round(detectable_harm(0.05, 0.1, 50, levels=16), 3)
        (0.09, 0.104)
    """
    return margin + standard_errors(confidence, levels) * spread / sqrt(texts)


def pooled_margin(
    spread: float,
    texts: Sequence[int],
    largest: float | None = None,
    confidence: float = 0.95,
    *,
    by_score: bool = False,
    biased: bool = False,
) -> float:
    """M80 of the mean over tasks, each task counting alike, with the floor of `combined.unseen_mean_harm`.

    Of a quantity `by_score` the half widths that are combined are those of Tango's intervals without harm, which are
    wide even where no answer changes. Of a `biased` quantity, whose intervals are averaged (`combined.mean_of_tasks`),
    it is the mean of the tasks' own.

    Examples:
        >>> round(pooled_margin(0.2, [200] * 8), 3)  # as of one sample of 1,600 texts
        0.014
        >>> round(pooled_margin(0.2, [40, 360]), 3), round(smallest_margin(0.2, 400), 3)  # the small task weighs more
        (0.047, 0.028)
        >>> round(pooled_margin(0.1, [16] * 8, largest=1.0), 3)  # the floor
        0.073
        >>> round(pooled_margin(0.2, [200] * 8, biased=True), 3)
        0.04
        >>> round(pooled_margin(0.1, [50] * 8, by_score=True), 3)  # 1 % of the answers change; 0.014 by spread alone
        0.031
    """
    if biased:
        own = [smallest_margin(spread, count, largest, confidence) for count in texts]
        return sum(own) / len(own)
    error = sqrt(sum(spread**2 / count for count in texts))
    if by_score:
        ends = (_score_end(0.0, spread**2, count, confidence) for count in texts)
        return (_standard.inv_cdf(POWER) * error + sqrt(sum(end**2 for end in ends))) / len(texts)
    by_spread = standard_errors(confidence) * error / len(texts)
    unseen = 0.0 if largest is None else unseen_mean_harm(texts, largest, confidence)
    return max(by_spread, unseen)


def measured_spread(low: float, high: float, texts: int, confidence: float = 0.95) -> float:
    """s of an interval of a mean: that of one text for which a normal interval would have this width.

    Examples:
        >>> from keepfaith.statistics.proportions import tango
        >>> round(measured_spread(*tango(gained=15, lost=15, trials=300), 300), 3)  # 10 % changed, sqrt(.10) is .316
        0.332
    """
    return (high - low) / 2 * sqrt(texts) / _standard.inv_cdf((1 + confidence) / 2)


@dataclass(frozen=True)
class _Reach:
    """What one row of VERDICT can decide; the columns of these names."""

    spread: float | None = None
    decidable: float | None = None
    detectable: float | None = None
    enough: int | None = None


def with_power(table: pl.DataFrame, largest: float | None, confidence: float) -> pl.DataFrame:
    """The levels of one quantity with the columns spread, decidable, detectable and enough of VERDICT.

    Args:
        table: `harm_low`, `harm_high`, `margin` and `clusters` by level and `method`; null where there is no interval.
        largest: the largest harm of one text.
        confidence: of the intervals.
    """
    known = pl.all_horizontal(pl.col("harm_low", "harm_high", "clusters").is_not_null())
    rows = table.select(
        "harm_low",
        "harm_high",
        "margin",
        "clusters",
        known=known & (pl.col("clusters") > 0),
        levels=pl.max_horizontal(1, known.sum().over("method")),
    )
    reaches = []
    for low, high, margin, texts, measured, levels in rows.iter_rows():
        if not measured:
            reaches.append(_Reach())
            continue
        spread = measured_spread(low, high, texts, confidence)
        reaches.append(
            _Reach(
                spread,
                smallest_margin(spread, texts, largest, confidence),
                detectable_harm(margin, spread, texts, levels, confidence),
                texts_to_decide(margin, spread, largest, confidence),
            )
        )
    return table.with_columns(
        spread=pl.Series([each.spread for each in reaches], dtype=pl.Float64),
        decidable=pl.Series([each.decidable for each in reaches], dtype=pl.Float64),
        detectable=pl.Series([each.detectable for each in reaches], dtype=pl.Float64),
        enough=pl.Series([each.enough for each in reaches], dtype=pl.Int64),
    )
