"""Accuracy without reading the prompt: that of the best constant answer."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from keepfaith.config.passages import comparable


def guessing(
    options: Sequence[Sequence[str]], labels: npt.NDArray[np.int64], prompts: Sequence[str]
) -> float:
    """The largest accuracy of: a random choice; always or never one text; always the k-th choice, from either end.

    Where an example has no k-th choice, or not that text, a choice is drawn at random, also among the remaining ones. A
    text counts if at least half of the examples offer it, at any index: a rarer one says nothing about the others.
    Indices count where prompts list the choices in their order. Otherwise a model that scores each choice separately
    never sees the order: a task whose right choice is always the first (as in sentence pairs) reveals nothing.

    Args:
        options: texts of the choices of every example, at least one each.
        labels: [n], index of the right choice.
        prompts: texts before the choices.
    """
    counts = np.array([len(of_example) for of_example in options])
    drawing = 1 / counts
    best = float(drawing.mean())
    texts = _texts(options)
    right_texts = {of_example[label] for of_example, label in zip(texts, labels, strict=True)}
    offered = Counter(text for of_example in texts for text in set(of_example))
    for text in (text for text in right_texts if 2 * offered[text] >= len(texts)):
        hits = [
            own[label] == text if text in own else share
            for own, label, share in zip(texts, labels, drawing, strict=True)
        ]
        never = [
            (own[label] != text) / (len(own) - 1) if text in own and len(own) > 1 else share
            for own, label, share in zip(texts, labels, drawing, strict=True)
        ]
        best = max(best, float(np.mean(hits)), float(np.mean(never)))
    listed = np.array([_lists(*both) for both in zip(prompts, options, strict=True)])
    if 2 * listed.sum() < len(listed):
        return best
    for place in (labels, counts - 1 - labels):
        for k in range(int(counts.max())):
            right = np.where(listed & (counts > k), place == k, drawing)
            best = max(best, float(right.mean()))
    return best


def _lists(prompt: str, options: Sequence[str]) -> bool:
    """Whether the prompt contains the choices in their order."""
    text, end = comparable(prompt), 0
    for option in map(comparable, options):
        found = text.find(option, end) if option else -1
        if found < 0:
            return False
        end = found + len(option)
    return True


def _texts(options: Sequence[Sequence[str]]) -> list[list[str]]:
    """Choices that differ only in blanks or letter case are equal, unless one example has both."""
    plain = [[comparable(option) for option in of_example] for of_example in options]
    if all(len(set(of_example)) == len(of_example) for of_example in plain):
        return plain
    return [list(of_example) for of_example in options]
