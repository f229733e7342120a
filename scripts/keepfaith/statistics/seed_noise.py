"""The part of a mean's variance that the seeds of a sampled method share over examples.

Masks follow from the seed and the number of features, so the draws of one seed shift all examples of a length together.
More examples do not average that out, and a bootstrap over examples does not contain it. With d the mean of example i
and seed s, two-way analysis of variance splits off the seed's main effect: variance of the mean over n examples and S
seeds = s^2 / n + max(0, MS_seed - MS_residual) / (n S), of which the bootstrap has the first term.

Two or three seeds say little about their variance. In 1,000 simulated samples of 60 examples each, .95 intervals held
the true mean this often, by the seeds' standard deviation relative to that of the mean over examples:

    seeds   ratio 0   1      2      without the second term
    2       .955      .900   .860   .946 / .822 / .598
    3       .940      .917   .902   .927 / .831 / .583
    5       .944      .930   .927   .940 / .794 / .597
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr, stdtrit

from keepfaith.calibration.probabilities import Floats, Indices
from keepfaith.statistics.clusters import cluster_sums

_ROUNDING = 1e-12


@dataclass(frozen=True)
class SeedNoise:
    """Variance of K means by their seeds, beyond that by their examples.

    Attributes:
        variance: [K], at least 0.
        seeds: number of seeds.
    """

    variance: Floats
    seeds: int

    def __add__(self, other: "SeedNoise") -> "SeedNoise":
        """Noise of the difference of two means whose seeds are independent."""
        return SeedNoise(self.variance + other.variance, min(self.seeds, other.seeds))

    def freedom(self, by_examples: Floats, units: int) -> Floats:
        """[K], degrees of freedom of the summed variance (Satterthwaite 1946).

        Args:
            by_examples: [K], variance of the means by the examples.
            units: number of independent examples.
        """
        parts = by_examples**2 / (units - 1) + self.variance**2 / max(self.seeds - 1, 1)
        total = (by_examples + self.variance) ** 2
        return np.divide(total, parts, out=np.full_like(total, units - 1), where=parts > 0)

    def widening(self, by_examples: Floats, units: int, confidence: float) -> Floats:
        """[K], factors by which the half-widths of intervals over examples alone grow; 1 without seed noise.

        The ratio of the standard errors, times that of the quantiles of t with these and with `units` - 1 degrees of
        freedom: few seeds say little about the variance of seeds.
        """
        share = (1 + confidence) / 2
        ratio = np.sqrt(1 + self._relative(by_examples))
        quantile = stdtrit(self.freedom(by_examples, units), share)
        found: Floats = ratio * quantile / stdtrit(units - 1.0, share)
        return np.where(self.variance > 0, found, 1.0)

    def widened(
        self,
        centre: Floats,
        ends: tuple[Floats, Floats],
        by_examples: Floats,
        units: int,
        confidence: float,
    ) -> tuple[Floats, Floats]:
        """Lower and upper `ends` [K] of intervals over examples alone, moved away from `centre`.

        Where all examples agree up to rounding, there is no width to widen: the seeds alone give one.
        """
        factors = self.widening(by_examples, units, confidence)
        quantile = stdtrit(max(self.seeds - 1, 1), (1 + confidence) / 2)
        alone = quantile * np.sqrt(self.variance)
        agree = by_examples <= _ROUNDING * self.variance
        down, up = (np.where(agree, alone, factors * abs(end - centre)) for end in ends)
        return centre - down, centre + up

    def p_values(self, p_values: Floats, by_examples: Floats, units: int) -> Floats:
        """[K], two-sided `p_values` of tests over examples alone, as if their t had been divided by the widening."""
        t = stdtrit(units - 1.0, 1 - p_values / 2) / np.sqrt(1 + self._relative(by_examples))
        found: Floats = 2 * stdtr(self.freedom(by_examples, units), -t)
        return np.where(self.variance > 0, np.maximum(found, p_values), p_values)

    def _relative(self, by_examples: Floats) -> Floats:
        """[K], variance by seeds over variance by examples; 0 where the latter is 0."""
        return np.divide(
            self.variance, by_examples, out=np.zeros_like(self.variance), where=by_examples > 0
        )


def seed_noise(cube: Floats, clusters: Indices) -> SeedNoise:
    """From values [n, K, S] by example, level and seed; 0 with one seed, of which nothing can be known.

    Examples of a cluster are summed, and clusters are the units of the residual.

    Examples:
        >>> by_seed = np.array([0.0, 0.2])  # shifts every example alike
        >>> cube = np.linspace(0, 1, 30)[:, None, None] + by_seed
        >>> round(float(seed_noise(cube, np.arange(30)).variance[0]), 6)  # variance of the two, halved
        0.01
    """
    examples, levels, seeds = cube.shape
    if seeds < 2:
        return SeedNoise(np.zeros(levels), seeds)
    of_seeds = cube.mean(axis=0)  # [K, S]
    residual = cube - cube.mean(axis=2, keepdims=True) - of_seeds
    residual += of_seeds.mean(axis=1, keepdims=True)
    units = int(clusters.max()) + 1
    sums = cluster_sums(residual, clusters)  # [c, K, S]
    by_chance = (sums**2).sum(axis=(0, 2)) / (examples**2 * (seeds - 1))
    by_chance *= units / max(units - 1, 1)
    between = of_seeds.var(axis=1, ddof=1)
    return SeedNoise(np.maximum(between - by_chance, 0.0) / seeds, seeds)
