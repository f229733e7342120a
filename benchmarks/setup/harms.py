"""Worlds of a known mean harm, for values of explained examples: how each example's harm is drawn.

All are in units of the largest harm that one example can have: 1 for comprehensiveness, 2 for faithfulness.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

SPREAD, TAIL = 0.1, 0.15
"""Standard deviation of normal harms, and of the long tails, as shares of the largest harm."""

PASSAGE = 5
"""Examples that share a text in worlds of clusters."""


@dataclass(frozen=True)
class World:
    """How harms are distributed.

    Attributes:
        says: the distribution, in words.
        draw: harms [n, R, S] of n examples in R data sets with S seeds, of mean `harm`, all as shares of the largest.
        passage: examples of one text.
    """

    says: str
    draw: Callable[[tuple[int, int], float, np.random.Generator], Floats]
    passage: int = 1

    def clusters(self, examples: int) -> Indices:
        """[n], the text of each example."""
        return np.arange(examples) // self.passage


def tail_of_losses(normal: Floats) -> Floats:
    """Harms of mean 0, of at most 1.0001, from standard normal numbers: most gain a little, few lose much."""
    cap = 1 + 1 / TAIL  # of the exponential number, whose mean it lowers by exp(-cap)
    found: Floats = TAIL * (np.minimum(-np.log(ndtr(-normal)), cap) - (1 - np.exp(-cap)))
    return found


def _normal(shape: tuple[int, int], harm: float, random: np.random.Generator) -> Floats:
    return harm + SPREAD * random.normal(size=(*shape, 1))


def _losses(shape: tuple[int, int], harm: float, random: np.random.Generator) -> Floats:
    return harm + tail_of_losses(random.normal(size=(*shape, 1)))


def _gains(shape: tuple[int, int], harm: float, random: np.random.Generator) -> Floats:
    return harm - tail_of_losses(random.normal(size=(*shape, 1)))


def _rare(shape: tuple[int, int], harm: float, random: np.random.Generator) -> Floats:
    return (random.random((*shape, 1)) < harm).astype(np.float64)


def _clusters(shape: tuple[int, int], harm: float, random: np.random.Generator) -> Floats:
    examples, runs = shape
    texts = -(-examples // PASSAGE)
    shared = random.normal(size=(texts, runs))[np.arange(examples) // PASSAGE]
    return harm + SPREAD * ((shared + random.normal(size=shape)) / np.sqrt(2))[..., None]


def _seeds(shape: tuple[int, int], harm: float, random: np.random.Generator) -> Floats:
    """Three seeds; what each shifts in all examples alike has the standard error of the mean over examples."""
    examples, runs = shape
    of_example = random.normal(size=(examples, runs, 1))
    of_seed = np.sqrt(3 / examples) * random.normal(size=(1, runs, 3))
    return harm + SPREAD * (of_example + of_seed)


WORLDS = {
    "normal": World("normal", _normal),
    "skewed": World("most gain a little, few lose much (exponential tail)", _losses),
    "gains": World("most lose a little, few gain much (exponential tail)", _gains),
    "rare": World("few lose all there is to lose, the others nothing", _rare),
    "clusters": World(
        "normal, in passages of 5 with half of the variance shared", _clusters, PASSAGE
    ),
    "seeds": World(
        "normal; three seeds, whose common shift is as large as the standard error", _seeds
    ),
}
"""By name."""
