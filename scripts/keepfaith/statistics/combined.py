"""The mean over independent tasks of one harm: its interval from theirs, heterogeneity, and what it cannot exclude.

Tasks are independent samples, so their intervals are all that is needed (MOVER, Zou and Donner 2008): half-widths are
combined like standard errors, by their squares. The plain MOVER combines the two ends separately, which leaves the
mean as skewed as each task is. But third cumulants add up as variances do, so the skewness of a mean of T tasks is
smaller by sqrt(T), and with it what an interval for skewed values (BCa, Tango) shifts to one side. Here the shift is
combined as a third cumulant. False statuses at a harm of exactly the margin (nominal .025), of 8 tasks with n texts
each, drawn from 12,000 simulated tasks:

    harms              n    degraded: MOVER   here    kept: MOVER   here
    normal            25               .025   .026           .028   .027
    tail of losses    25               .044   .024           .017   .027
    tail of gains     25               .016   .026           .049   .026
    rare and large    25               .057   .013           .009   .015
    rare, large gains 25               .007   .014           .053   .012
    normal            51               .024   .024           .028   .029
    tail of losses    51               .039   .023           .015   .024
    tail of gains     51               .017   .026           .043   .025
    rare and large    51               .050   .015           .005   .016
    rare, large gains 51               .005   .014           .054   .018

A bias does not average out. That of ECE is largest where a model is calibrated, in all tasks alike: with a calibrated
dense model and a level that is not (a change of .04), the true mean change of 8 tasks lay outside MOVER's interval in
.70 of simulated samples of 300 texts each and in .84 of 2,000; about the bias-corrected estimates in .53 and .36. For
such a quantity the ends are averaged (.00 in both): the interval does not shrink with the number of tasks.
"""

from collections.abc import Sequence

import numpy as np
from scipy.special import chdtrc, ndtri

from keepfaith.calibration.probabilities import Floats


def mean_of_tasks(
    harms: Floats, low: Floats, high: Floats, *, biased: bool = False
) -> tuple[Floats, Floats]:
    """Lower and upper ends [S] of the mean harm of T tasks, at S confidences.

    Args:
        harms: [T], estimates.
        low, high: [T, S], ends of their intervals.
        biased: whether the estimates have a bias that tasks may share.

    Examples:
        Symmetric intervals: a half-width of .1 over sqrt(4).

        >>> harms = np.array([0.1, 0.2, 0.3, 0.4])
        >>> low, high = mean_of_tasks(harms, harms[:, None] - 0.1, harms[:, None] + 0.1)
        >>> low.round(6).tolist(), high.round(6).tolist()
        ([0.2], [0.3])
    """
    if biased:
        return low.mean(axis=0), high.mean(axis=0)
    tasks = len(harms)
    squares = ((high - low) / 2) ** 2  # [T, S]
    shifts = (high + low) / 2 - harms[:, None]
    total = squares.sum(axis=0)
    width = np.sqrt(total) / tasks
    # A shift is a third cumulant over a variance: cumulants of the sum add up, and the mean is the sum over T.
    shift = (shifts * squares).sum(axis=0) / np.where(total > 0, total, 1.0) / tasks
    centre = harms.mean() + shift
    return centre - width, centre + width


def heterogeneity(harms: Floats, low: Floats, high: Floats, confidence: float) -> float | None:
    """P-value that all tasks have the same harm (Cochran 1954), from their intervals at `confidence`, all [T].

    None where an interval has no width: its weight would be infinite.

    Examples:
        >>> low, high = np.array([0.0, 0.2]) - 0.1, np.array([0.0, 0.2]) + 0.1
        >>> round(heterogeneity(np.array([0.0, 0.2]), low, high, 0.95), 4)  # 0.2 apart, each with s.e. 0.051
        0.0056
    """
    errors = (high - low) / (2 * ndtri((1 + confidence) / 2))
    if not (errors > 0).all():
        return None
    weights = errors**-2.0
    squares = weights * (harms - np.average(harms, weights=weights)) ** 2
    return float(chdtrc(len(harms) - 1, squares.sum()))


def unseen_mean_harm(texts: Sequence[int], largest: float, confidence: float) -> float:
    """The mean harm over tasks that rare harms of size `largest` can reach without being seen.

    n texts of a task show no such harm with probability (1 - p)^n at a share p of them: up to a mean harm of that task
    of L (1 - (alpha / 2)^(1 / n)) it goes unseen. Such bounds are combined as half-widths are. With one task, "at most
    the margin" is the rule of `evidence.fewest_texts`; with T tasks of equal size each needs about sqrt(T) times fewer
    texts. That no text of any task shows the harm is then less probable than alpha / 2, in whichever tasks the harm
    lies (with 6 texts per task or more; a test tries them). To ask for no more than that would let in 8 tasks of 9
    texts, whose intervals are too narrow: a normal harm at the margin was kept in .038 of samples.

    Args:
        texts: number of independent texts of each task.
        largest: L, the largest harm of one text.
        confidence: 1 - alpha.

    Examples:
        >>> round(unseen_mean_harm([72], 1.0, 0.95), 4)
        0.0499
        >>> round(unseen_mean_harm([25] * 8, 1.0, 0.95), 4), round(unseen_mean_harm([24] * 8, 1.0, 0.95), 4)
        (0.0485, 0.0504)
    """
    tail = (1 - confidence) / 2
    bounds = largest * (1 - tail ** (1 / np.asarray(texts, dtype=np.float64)))
    return float(np.sqrt((bounds**2).sum()) / len(bounds))


def at_steps(harm: float, ends: Sequence[float], steps: int, confidence: float) -> list[float]:
    """Ends of one side at confidences 1 - alpha / 1, ..., 1 - alpha / `steps`.

    Those beyond the known ones are as far beyond the last as a normal distribution has them.

    Examples:
        >>> [round(end, 4) for end in at_steps(0.5, [0.3], 3, 0.95)]
        [0.3, 0.2713, 0.2557]
    """
    last = len(ends)
    distances = -ndtri((1 - confidence) / 2 / np.arange(1, max(steps, last) + 1))
    beyond = harm + (ends[-1] - harm) * distances[last:steps] / distances[last - 1]
    return [*ends[:steps], *beyond.tolist()]
