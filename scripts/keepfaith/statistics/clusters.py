"""Which examples belong together: those about the same passage are not independent of each other."""

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from keepfaith.calibration.probabilities import Indices
from keepfaith.config.passages import NO_PASSAGE, SHORTEST_PASSAGE, comparable
from keepfaith.statistics.shared_texts import (
    FieldTexts,
    cluster_numbers,
    outside_texts,
    passages,
    texts_by_field,
    united,
    without_constant,
)
from keepfaith.statistics.unseen_sharing import sharing_notes

MINIMUM_CLUSTERS = 6
"""With fewer, no sign flip of all clusters is rarer than 1 in 16, so nothing is shown and no interval is given."""

MOST_CROSSING = 4
"""Groupings that are tried beside the one with the fewest clusters."""

FIELDS_NAMED = 5
"""Fields that a note names; a logged document may have hundreds."""


@dataclass(frozen=True)
class Grouping:
    """The cluster of every example of a task.

    Attributes:
        numbers: cluster 0, 1, ... by example id.
        field: the field whose text groups examples, or None where no text is shared.
        passed_over: where nobody named a passage: the fields whose shared texts are short or usual, and that would
            give fewer clusters if they were named; with that number, the smallest first.
        crossing: where nobody named a passage: groupings by other fields that cross this one, so that neither holds
            the other. Which of them makes examples depend on each other cannot be told from counts.
        unseen: sentences on what examples share beyond all fields; none where somebody named a passage.
    """

    numbers: Mapping[str, int]
    field: str | None
    passed_over: Mapping[str, int] = dataclasses.field(default_factory=dict)
    crossing: tuple["Grouping", ...] = ()
    unseen: tuple[str, ...] = ()

    @property
    def clusters(self) -> int:
        """The number of clusters."""
        return len(set(self.numbers.values()))

    @property
    def notes(self) -> list[str]:
        """What a reader must know of how examples were grouped, as sentences."""
        return self._crossing_notes() + self._passed_over_notes() + list(self.unseen)

    def _crossing_notes(self) -> list[str]:
        if not self.crossing:
            return []
        others = ", ".join(f"`{other.field}` ({other.clusters})" for other in self.crossing)
        return [
            f"Examples share texts of several fields crosswise: `{self.field}` ({self.clusters} different) and "
            f"{others}. Every interval is the widest that any of them gives; type passage: and the name of the field "
            "that holds the passage."
        ]

    def _passed_over_notes(self) -> list[str]:
        """Texts that are shared and yet group nothing."""
        if not self.passed_over:
            return []
        named = [f"`{name}` ({count})" for name, count in self.passed_over.items()]
        others = f" and {len(named) - FIELDS_NAMED} more" if len(named) > FIELDS_NAMED else ""
        return [
            f"{self.clusters} independent texts were counted; examples also share what stands in "
            f"{', '.join(named[:FIELDS_NAMED])}{others}, which would leave so many. It was taken for a label, a topic "
            f"or an instruction, as it is below {SHORTEST_PASSAGE} characters or stands in more than half of the "
            "examples; if it is a passage, type passage: and that field's name.",
        ]

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

    Texts are compared by `comparable`: letter case, white space and the like do not count. Examples with the same
    prompt are one cluster; where that prompt stands in more than half of the examples (an instruction, or nothing: the
    texts are the options), those with the same options. Beyond that, a field groups examples that share a text of it.
    Which field does is said by `passage`, or else found: a field qualifies where several examples share a text of it
    that is not short (`is_short`) and does not stand in more than half of the examples (such a text is an instruction,
    not a passage). Of several such fields the one with the fewest clusters counts, and those that cross it are kept as
    `crossing`, for the widest interval of all. Counts cannot tell three wordings of an instruction from three
    passages: a task or an import whose examples are independent says so by `passage: none`.

    Args:
        examples: all examples of the part that is evaluated, so that a subset is grouped as the whole; in any order.
        passage: name of a field, or of what stands outside the prompt, `NO_PASSAGE`, or None.

    Raises:
        ValueError: no example has a field called `passage`.
    """
    examples = examples.sort("example_id")
    ids: list[str] = examples["example_id"].to_list()
    if passage == NO_PASSAGE:
        return Grouping({name: number for number, name in enumerate(ids)}, None)
    prompts = _prompts(examples)
    texts = texts_by_field(examples)
    outside = outside_texts(examples)
    if passage is None:
        found = _found(ids, prompts, texts)
        notes = sharing_notes(examples, prompts, outside, found.clusters, found.field)
        return dataclasses.replace(found, unseen=tuple(notes))
    texts = united(texts, outside)
    if passage not in texts:
        known = ", ".join(sorted(texts)) or "none"
        raise ValueError(f"passage: no example has a field {passage!r}; there are: {known}")
    numbers = cluster_numbers(prompts, texts[passage])
    return Grouping(
        dict(zip(ids, numbers, strict=True)), passage if len(set(numbers)) < len(ids) else None
    )


def _prompts(examples: pl.DataFrame) -> list[str]:
    """The prompt of every example as `comparable` has it, with the options where it is the usual one."""
    prompts = [comparable(prompt) for prompt in examples["prompt"]]
    usual, count = Counter(prompts).most_common(1)[0] if prompts else ("", 0)
    if 2 * count <= len(prompts) or len(prompts) == 1:
        return prompts
    return [
        "\0".join([prompt, *map(comparable, options)]) if prompt == usual else prompt
        for prompt, options in zip(prompts, examples["options"], strict=True)
    ]


def _found(ids: Sequence[str], prompts: Sequence[str], texts: Mapping[str, FieldTexts]) -> Grouping:
    """The grouping by the field that leaves the fewest clusters, or by equal prompts alone."""
    grouped = {name: cluster_numbers(prompts, shared) for name, shared in passages(texts).items()}
    fewest = min(grouped, key=lambda name: (len(set(grouped[name])), name), default=None)
    numbers = grouped[fewest] if fewest is not None else cluster_numbers(prompts, None)
    clusters = len(set(numbers))
    named = {
        name: len(set(cluster_numbers(prompts, without_constant(of_field))))
        for name, of_field in texts.items()
    }
    fewer = sorted((count, name) for name, count in named.items() if count < clusters)
    return Grouping(
        dict(zip(ids, numbers, strict=True)),
        (fewest or "prompt") if clusters < len(ids) else None,
        {name: count for count, name in fewer},
        tuple(
            Grouping(dict(zip(ids, grouped[name], strict=True)), name)
            for name in _crossing(numbers, {n: g for n, g in grouped.items() if n != fewest})
        ),
    )


def _crossing(numbers: Sequence[int], others: Mapping[str, Sequence[int]]) -> list[str]:
    """Those of the other groupings that cross `numbers` and each other, the fewest clusters first, at most a few."""
    taken: list[Sequence[int]] = [numbers]
    names: list[str] = []
    for name in sorted(others, key=lambda name: (len(set(others[name])), name)):
        if len(names) < MOST_CROSSING and not any(_holds(one, others[name]) for one in taken):
            taken.append(others[name])
            names.append(name)
    return names


def _holds(coarse: Sequence[int], fine: Sequence[int]) -> bool:
    """Whether every cluster of `fine` lies within one of `coarse`."""
    return len(set(zip(coarse, fine, strict=True))) == len(set(fine))


def all_single(clusters: Indices) -> bool:
    """Whether every example is a cluster of its own."""
    return len(clusters) == len(np.unique(clusters))


def cluster_sums(values: np.ndarray, clusters: Indices) -> np.ndarray:
    """[clusters, ...], sums of `values` [n, ...] over the examples of each cluster."""
    sums = np.zeros((clusters.max() + 1, *values.shape[1:]))
    np.add.at(sums, clusters, values)
    return sums
