"""Hedging words and their reliabilities: the known label noise.

Every clause states one choice and its reliability. A label equals the stated choice with that probability and is
otherwise uniform over the others. So the posterior is exact and visible in the text: a calibrated model can reach it,
and overconfidence is detected.
"""

from dataclasses import dataclass
from random import Random

HEDGE_RELIABILITY: dict[str, float] = {
    "certainly": 0.98,
    "definitely": 0.98,
    "": 0.95,
    "probably": 0.85,
    "presumably": 0.85,
    "perhaps": 0.65,
    "possibly": 0.65,
}
"""Probability that a clause with this hedge is true; the empty hedge is a plain statement."""

_WEIGHTS = {"": 2.0}
"""A plain statement is as frequent as two synonyms together, so the four grades are equally frequent."""


@dataclass(frozen=True)
class Hedge:
    """A hedging adverb, possibly empty, and the reliability it states."""

    word: str

    @property
    def reliability(self) -> float:
        """Probability in (0.5, 1) that the hedged clause is true."""
        return HEDGE_RELIABILITY[self.word]

    @property
    def before(self) -> str:
        """The adverb with the space that follows it, or nothing."""
        return f"{self.word} " if self.word else ""

    def posterior(self, stated: int, choices: int) -> tuple[float, ...]:
        """Probability of each of `choices` when this hedge qualifies choice `stated`; 1 for a single choice."""
        if choices == 1:
            return (1.0,)
        doubt = (1.0 - self.reliability) / (choices - 1)
        return tuple(self.reliability if c == stated else doubt for c in range(choices))


def draw_hedge(random: Random) -> Hedge:
    """A hedge; the four grades of trust are equally frequent."""
    words = tuple(HEDGE_RELIABILITY)
    weights = [_WEIGHTS.get(word, 1.0) for word in words]
    return Hedge(random.choices(words, weights)[0])
