"""Cost of work that would take hours: all of its rows are counted, and a sample of its batches is run and timed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from setup.timing import timed

from keepfaith.models.components import Step
from keepfaith.models.removal import PrunableModel
from keepfaith.scoring.budget import TokenBudget
from keepfaith.scoring.inputs import ScoringInput
from keepfaith.scoring.layout import Packing, Row
from keepfaith.scoring.pool import Pool
from keepfaith.scoring.scorer import OptionScorer
from keepfaith.scoring.sweep import sweeping

Result = TypeVar("Result")


@dataclass(frozen=True)
class Cost:
    """What some work takes.

    Attributes:
        rows: rows fed, or forward passes.
        tokens: tokens fed, without padding.
        seconds: of the whole work.
        timed: rows that were run; the seconds are scaled from them where they are fewer than `rows`.
    """

    rows: float
    tokens: float
    seconds: float
    timed: int

    @property
    def basis(self) -> str:
        """What the seconds rest on."""
        rows = round(self.rows)
        return "measured" if self.timed >= rows else f"scaled from {self.timed} of {rows} rows"

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(
            self.rows + other.rows,
            self.tokens + other.tokens,
            self.seconds + other.seconds,
            self.timed + other.timed,
        )

    def times(self, factor: float) -> "Cost":
        """The same work so many times; it was run as often as before."""
        return Cost(self.rows * factor, self.tokens * factor, self.seconds * factor, self.timed)


class SampledScorer(OptionScorer):
    """A scorer that runs `batches` of its batches in every call, spread from the longest rows to the shortest.

    Their seconds are scaled to all batches by padded tokens. What is not run gets the mean of what is, at each level:
    code can fit something to such values, but they are for timing only. `fed` has the true ones.

    Attributes:
        batches: run per call; 0 for all.
        fed: by input all of whose options were run, its log-likelihoods [levels, options], since the last `cost`.
    """

    def __init__(
        self,
        model: PrunableModel,
        order: Sequence[Step],
        batches: int,
        token_budget: int | None = None,
        packing: Packing | None = None,
    ) -> None:
        super().__init__(model, order, token_budget, packing)
        self.batches = batches
        self._warm = False
        """Whether a batch was run before the first that is timed, which would pay for the libraries' start."""
        self._start()

    def cost(self, work: Callable[[], Result]) -> tuple[Cost, Result]:
        """What `work`, which calls this scorer, takes in all, and what it returns."""
        self._start()
        seconds, result = timed(work, self.model.device.type)
        return Cost(self._rows, self._tokens, seconds + self._left_out, self._timed), result

    def seconds(self, inputs: Sequence[ScoringInput], levels: Sequence[int]) -> float:
        """Seconds of scoring at these levels, without tokenising and arranging rows, scaled to all batches."""
        self._start()
        self.log_likelihoods(inputs, levels)
        return self._run + self._left_out

    def log_likelihoods(
        self, inputs: Sequence[ScoringInput], levels: Sequence[int]
    ) -> list[NDArray[np.float64]]:
        pool = Pool(inputs)
        rows = self.packing.rows(pool.options)
        every = [batch for batch, _ in TokenBudget(self.budget_used).run(rows, len)]
        chosen = _spread(every, self.batches)
        values = np.zeros((len(levels), pool.slots))
        known = np.zeros(pool.slots, dtype=bool)
        distinct = sorted(set(levels))
        places = np.searchsorted(distinct, levels)

        def run(some: Sequence[Sequence[Row]] = chosen) -> None:
            with torch.inference_mode(), sweeping(self.model, self.order, distinct) as sweep:
                for batch in some:
                    slots, scores = self._score(sweep, batch)
                    for index, place in enumerate(places):
                        np.add.at(values[index], slots, scores[place])
                    known[slots] = True

        if not self._warm:
            run(chosen[:1])
            values[:], known[:] = 0, False
            self._warm = True
        seconds, _ = timed(run, self.model.device.type)
        self._rows += len(rows)
        self._tokens += sum(map(len, rows))
        self._timed += sum(map(len, chosen))
        self._run += seconds
        self._left_out += seconds * (_padded(every) / _padded(chosen) - 1)
        values[:, ~known] = values[:, known].mean(axis=1, keepdims=True)
        found = pool.scatter(values)
        whole = pool.scatter(known[None])
        self.fed |= {
            item: of_input
            for item, of_input, complete in zip(inputs, found, whole, strict=True)
            if complete.all()
        }
        return found

    def _start(self) -> None:
        self._rows = self._tokens = self._timed = 0
        self._run = self._left_out = 0.0
        self.fed: dict[ScoringInput, NDArray[np.float64]] = {}


def _spread(every: Sequence[Sequence[Row]], count: int) -> Sequence[Sequence[Row]]:
    """The batches that hold `count` evenly spread tokens of all: one with few rows is chosen rarely."""
    if not count or count >= len(every):
        return every
    ends = np.cumsum([_padded([batch]) for batch in every])
    places = np.searchsorted(ends, (np.arange(count) + 0.5) / count * ends[-1])
    return [every[place] for place in sorted(set(places.tolist()))]


def _padded(batches: Sequence[Sequence[Row]]) -> int:
    return sum(len(batch) * max(map(len, batch)) for batch in batches)
