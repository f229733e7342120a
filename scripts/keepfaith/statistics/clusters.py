"""Which examples belong together: those about the same passage are not independent of each other."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from keepfaith.calibration.probabilities import Indices
from keepfaith.config.passages import NO_PASSAGE, SHORTEST_PASSAGE

MINIMUM_CLUSTERS = 6
"""With fewer, no sign flip of all clusters is rarer than 1 in 16, so nothing is shown and no interval is given."""


@dataclass(frozen=True)
class Grouping:
    """The cluster of every example of a task.

    Attributes:
        numbers: cluster 0, 1, ... by example id.
        field: the field whose text groups examples, or None where no text is shared.
    """

    numbers: Mapping[str, int]
    field: str | None

    def of(self, example_ids: list[str]) -> Indices:
        """[n], clusters of these examples, numbered anew from 0.

        Raises:
            ValueError: an example is not among those that were grouped.
        """
        missing = [name for name in example_ids if name not in self.numbers]
        if missing:
            raise ValueError(f"example {missing[0]!r} is not among the examples")
        first: dict[int, int] = {}
        numbers = (self.numbers[name] for name in example_ids)
        return np.array([first.setdefault(number, len(first)) for number in numbers], np.int64)


def group_examples(examples: pl.DataFrame, passage: str | None = None) -> Grouping:
    """Group the rows of an EXAMPLES frame by the passage that they share.

    Examples with the same prompt are always one cluster. Beyond that, a field groups examples where its text, without
    the blanks around it, is the same. Which field does is said by `passage`, or else found: a field qualifies where
    several examples share a text of at least `SHORTEST_PASSAGE` characters that does not stand in more than half of
    the examples (such a text is an instruction, not a passage). Of several such fields the one with the fewest
    different texts counts, so that the choice errs towards fewer clusters. Counts cannot tell three wordings of an
    instruction from three passages: a task or an import whose examples are independent says so by `passage: none`.

    Args:
        examples: all examples of the part that is evaluated, so that a subset is grouped as the whole.
        passage: name of a field, `NO_PASSAGE`, or None.

    Raises:
        ValueError: no example has a field called `passage`.
    """
    ids: list[str] = examples["example_id"].to_list()
    if passage == NO_PASSAGE:
        return Grouping({name: number for number, name in enumerate(ids)}, None)
    prompts: list[str] = examples["prompt"].to_list()
    texts = _field_texts(examples)
    if passage is not None and passage not in texts:
        known = ", ".join(sorted(texts)) or "none"
        raise ValueError(f"passage: no example has a field {passage!r}; there are: {known}")
    chosen = passage if passage is not None else _shared_field(texts, len(ids))
    keys = [
        ("prompt", prompt) if text is None else ("field", text)
        for prompt, text in zip(
            prompts, texts[chosen] if chosen else [None] * len(ids), strict=True
        )
    ]
    first: dict[tuple[str, str], int] = {}
    numbers = [first.setdefault(key, len(first)) for key in keys]
    shared = len(first) < len(ids)
    return Grouping(dict(zip(ids, numbers, strict=True)), (chosen or "prompt") if shared else None)


def _field_texts(examples: pl.DataFrame) -> dict[str, list[str | None]]:
    """The text of every field, without the blanks around it, by name and example; None where an example lacks it."""
    texts: dict[str, list[str | None]] = {}
    for row, (prompt, fields) in enumerate(examples.select("prompt", "fields").iter_rows()):
        for field in fields or []:
            of_field = texts.setdefault(field["name"], [None] * examples.height)
            of_field[row] = prompt[field["start"] : field["end"]].strip()
    return texts


def _shared_field(texts: dict[str, list[str | None]], examples: int) -> str | None:
    """The field that groups examples where none was named; texts that are no passage are taken out of it."""
    distinct: dict[str, int] = {}
    for name, of_field in texts.items():
        counts = Counter(text for text in of_field if text is not None)
        usual = {text for text, count in counts.items() if 2 * count > examples}
        for row, text in enumerate(of_field):
            if text in usual or (text is not None and len(text) < SHORTEST_PASSAGE):
                of_field[row] = None
        counts = Counter(text for text in of_field if text is not None)
        if any(count > 1 for count in counts.values()):
            distinct[name] = len(counts) + of_field.count(None)
    return min(distinct, key=lambda name: (distinct[name], name), default=None)


def all_single(clusters: Indices) -> bool:
    """Whether every example is a cluster of its own."""
    return len(clusters) == len(np.unique(clusters))


def cluster_sums(values: np.ndarray, clusters: Indices) -> np.ndarray:
    """[clusters, ...], sums of `values` [n, ...] over the examples of each cluster."""
    sums = np.zeros((clusters.max() + 1, *values.shape[1:]))
    np.add.at(sums, clusters, values)
    return sums
