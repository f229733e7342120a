"""Least number of floating-point operations of scoring: the unit of a rate."""

from collections.abc import Sequence

from setup.llama import Shape


def forward(shape: Shape, lengths: Sequence[int], reads: int) -> float:
    """Floating-point operations of the dense model on rows of these lengths in tokens.

    Two per weight and token, four per pair of tokens that attends and hidden dimension, and the head at the `reads`
    positions where logits are needed. Padding does not count, so it lowers the rate.
    """
    matrices = 2 * shape.parameters * sum(lengths)
    pairs = sum(length * (length + 1) // 2 for length in lengths)
    attention = 4 * shape.hidden * shape.layers * pairs
    head = 2 * shape.hidden * shape.vocabulary * reads
    return float(matrices + attention + head)
