"""Whether a pruned model explains itself worse, or is only harder to explain: explanations and judges swapped."""

from dataclasses import dataclass

from keepfaith.coalitions.subsets import FloatArray


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
