"""Whether a pruned model explains itself worse, or is only harder to explain: explanations and judges swapped."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from keepfaith.artifacts.schemas import SWAP
from keepfaith.artifacts.tables import conform, empty_table
from keepfaith.coalitions.curves import Limits, faithfulness, normalised_area, removal_limits
from keepfaith.coalitions.games import Game
from keepfaith.coalitions.segment_scores import Explainer
from keepfaith.coalitions.subsets import FloatArray
from keepfaith.plugins.segment_method import SEGMENT_METHODS
from keepfaith.scoring.values import Value


@dataclass(frozen=True)
class Swap:
    """The change of faithfulness from the dense to a pruned level, in two parts that add up to it; each [examples].

    Attributes:
        explanation: due to the pruned level's explanation, under either level as the judge.
        judge: due to the pruned level as the judge, of either explanation.
    """

    explanation: FloatArray
    judge: FloatArray


def swap_effects(
    own_dense: FloatArray, own_pruned: FloatArray, crossed: tuple[FloatArray, FloatArray]
) -> Swap:
    """Split a change of faithfulness in two by Shapley's value of two players, example by example.

    With m(a, b) the faithfulness of level a's explanation under level b's values, D dense and P pruned:
    explanation = 1/2 [(m(P, D) - m(D, D)) + (m(P, P) - m(D, P))],
    judge = 1/2 [(m(D, P) - m(D, D)) + (m(P, P) - m(P, D))].

    Args:
        own_dense: m(D, D), [examples].
        own_pruned: m(P, P).
        crossed: m(P, D) and m(D, P).

    Examples:
        An explanation that lost its meaning, under judges that agree:

        >>> import numpy as np
        >>> swap_effects(np.array([0.8]), np.array([0.0]), (np.array([0.0]), np.array([0.8])))
        Swap(explanation=array([-0.8]), judge=array([0.]))
    """
    pruned_on_dense, dense_on_pruned = crossed
    return Swap(
        ((pruned_on_dense - own_dense) + (own_pruned - dense_on_pruned)) / 2,
        ((dense_on_pruned - own_dense) + (own_pruned - pruned_on_dense)) / 2,
    )


def swapped(game: Game, areas: FloatArray, limits: Limits | None = None) -> FloatArray:
    """Faithfulness of every level's explanation under every level's values, [..., K explaining, K judging].

    NaN where the two levels predict different options: their explanations answer different questions.

    Args:
        game: one example.
        areas: [..., K, K], `removal_area` of every level's explanation under `game.values`.
        limits: those of `game.values`, where the caller has them.
    """
    targets = np.asarray(game.targets)
    alike = targets[:, None] == targets[None, :]
    return np.where(alike, normalised_area(areas, limits or removal_limits(game.values)), np.nan)


@dataclass
class SwapRows:
    """The rows of a SWAP table, collected example by example.

    Attributes:
        value: what coalitions are worth.
    """

    value: Value
    _frames: list[pl.DataFrame] = field(default_factory=list)
    _explainers: dict[Explainer, int] = field(default_factory=dict)

    def add(
        self, game: Game, explainers: Sequence[Explainer], areas: FloatArray, limits: Limits
    ) -> None:
        """Judge every level's explanations by every level's values of one example.

        Args:
            game: the example.
            explainers: M methods with their seeds, exact ones among them.
            areas: [M, K, K], `removal_area` of every level's explanation under `game.values`.
            limits: those of `game.values`.
        """
        targets = np.asarray(game.targets)
        apart = targets[:, None] != targets[None, :]
        found = swapped(game, areas, limits)
        towards = np.where(apart, targets[0], targets[:, None])
        if (targets != targets[0]).any():
            names = SEGMENT_METHODS.names()
            exact = [place for place, each in enumerate(explainers) if each.method in names]
            of_exact = [explainers[place] for place in exact]
            crossed = self._towards_dense(game, [each.method for each in of_exact])
            found[exact] = np.where(apart, crossed, found[exact])
            again = np.diag(targets != targets[0])
            dense = np.full(apart.shape, targets[0])
            self._append(game, of_exact, again, (dense, again), crossed)
        everything = np.ones(apart.shape, dtype=bool)
        self._append(game, explainers, everything, (towards, apart), found)

    def _towards_dense(self, game: Game, methods: Sequence[str]) -> FloatArray:
        """The same of exact methods where all explain, and judge, the dense level's prediction, [M, K, K]."""
        values = game.towards([game.targets[0]] * len(game.levels), self.value)
        limits = removal_limits(values)
        scores = (SEGMENT_METHODS.load(method).scores(values) for method in methods)
        return np.stack([faithfulness(values, of_levels, limits) for of_levels in scores])

    def _append(
        self,
        game: Game,
        explainers: Sequence[Explainer],
        chosen: NDArray[np.bool_],
        towards: tuple[NDArray[np.int64], NDArray[np.bool_]],
        values: FloatArray,
    ) -> None:
        """Rows of those pairs of levels [K, K] that are chosen, of every explainer; values are [M, K, K].

        `towards` holds the target of every pair, and whether it is flipped.
        """
        levels = np.asarray(game.levels)
        explaining, judging = np.nonzero(chosen)
        numbers = [self._explainers.setdefault(each, len(self._explainers)) for each in explainers]
        every = len(explainers)
        columns = {
            "explaining": np.tile(levels[explaining], every),
            "judging": np.tile(levels[judging], every),
            "target": np.tile(towards[0][chosen], every),
            "flipped": np.tile(towards[1][chosen], every),
            "faithfulness": values[:, chosen].ravel(),
            "explainer": np.repeat(numbers, len(explaining)),
        }
        names = {"example_id": pl.lit(game.example_id), "operator": pl.lit(game.operator)}
        self._frames.append(pl.DataFrame(columns).with_columns(**names))

    def table(self) -> pl.DataFrame:
        """All rows as a SWAP table."""
        if not self._frames:
            return empty_table(SWAP)
        explainers = pl.DataFrame(
            [each._asdict() for each in self._explainers], schema=["method", "role", "seed"]
        ).with_columns(explainer=pl.int_range(pl.len()))
        rows = pl.concat(self._frames).join(explainers, on="explainer", maintain_order="left")
        known = pl.col("faithfulness").fill_nan(None)
        return conform(rows.with_columns(known).drop("explainer"), SWAP)
