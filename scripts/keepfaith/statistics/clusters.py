"""Groups of dependent examples: those about the same passage."""

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
"""With fewer, a sign-flip test cannot give a p-value below 1/16, so there is no verdict and no interval."""

MOST_CROSSING = 4
"""Number of groupings tried in addition to the one with the fewest clusters."""

FIELDS_NAMED = 5
"""Fields that a note names; a logged document may have hundreds."""


@dataclass(frozen=True)
class Grouping:
    """The cluster of every example of a task.

    Attributes:
        numbers: cluster 0, 1, ... by example id.
        field: the field whose text groups examples, or None where no text is shared.
        passed_over: without a named passage: the fields whose shared texts are short or frequent, and that would
            give fewer clusters if they were named; with that number, in ascending order.
        crossing: without a named passage: groupings by other fields that cross this one (neither contains the
            other). Counts cannot tell which of them makes examples dependent.
        unseen: sentences on shared texts beyond all fields; none with a named passage.
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
        """Notes for the reader on the grouping of examples, as sentences."""
        return self._crossing_notes() + self._passed_over_notes() + list(self.unseen)

    def _crossing_notes(self) -> list[str]:
        if not self.crossing:
            return []
        others = ", ".join(f"`{other.field}` ({other.clusters})" for other in self.crossing)
        return [
            f"Examples share texts of several fields crosswise: `{self.field}` ({self.clusters} different) and "
            f"{others}. Every interval is the widest of all groupings; type passage: and the name of the field "
            "that contains the passage."
        ]

    def _passed_over_notes(self) -> list[str]:
        """A note on shared texts that group nothing."""
        if not self.passed_over:
            return []
        named = [f"`{name}` ({count})" for name, count in self.passed_over.items()]
        others = f" and {len(named) - FIELDS_NAMED} more" if len(named) > FIELDS_NAMED else ""
        return [
            f"{self.clusters} independent texts were counted; examples also share texts of "
            f"{', '.join(named[:FIELDS_NAMED])}{others}, which would leave this many. They were taken for a label, a "
            f"topic or an instruction, as they are below {SHORTEST_PASSAGE} characters or in more than half of the "
            "examples; if one is a passage, type passage: and that field's name.",
        ]

    def of(self, example_ids: list[str]) -> Indices:
        """[n], clusters of these examples, renumbered from 0.

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

    Texts are compared by `comparable`, which ignores letter case, white space and similar differences. Examples with
    the same prompt are one cluster; where more than half of the examples have that prompt (an instruction, or nothing:
    the texts are the choices), those with the same choices. In addition, one field groups the examples that share a
    text of it. `passage` names that field; otherwise it is searched: a field qualifies if several examples share a
    text of it that is not short (`is_short`) and that at most half of the examples have (a more frequent text is an
    instruction, not a passage). Of several such fields the one with the fewest clusters is used; those that cross it
    become `crossing`, for the widest interval of all. Counts cannot distinguish three wordings of an instruction from
    three passages: a task or an import with independent examples says `passage: none`.

    Args:
        examples: all evaluated examples, so that fewer of them are grouped as all are; in any order.
        passage: name of a field, or of a text outside the prompt, `NO_PASSAGE`, or None.

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
    """The `comparable` prompt of every example, with the choices if more than half have that prompt."""
    prompts = [comparable(prompt) for prompt in examples["prompt"]]
    usual, count = Counter(prompts).most_common(1)[0] if prompts else ("", 0)
    if 2 * count <= len(prompts) or len(prompts) == 1:
        return prompts
    return [
        "\0".join([prompt, *map(comparable, options)]) if prompt == usual else prompt
        for prompt, options in zip(prompts, examples["options"], strict=True)
    ]


def _found(ids: Sequence[str], prompts: Sequence[str], texts: Mapping[str, FieldTexts]) -> Grouping:
    """The grouping by the field with the fewest clusters, or by equal prompts alone."""
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
    """The other groupings that cross `numbers` and each other, fewest clusters first, a limited number."""
    taken: list[Sequence[int]] = [numbers]
    names: list[str] = []
    for name in sorted(others, key=lambda name: (len(set(others[name])), name)):
        if len(names) < MOST_CROSSING and not any(_holds(one, others[name]) for one in taken):
            taken.append(others[name])
            names.append(name)
    return names


def _holds(coarse: Sequence[int], fine: Sequence[int]) -> bool:
    """Whether every cluster of `fine` is within one of `coarse`."""
    return len(set(zip(coarse, fine, strict=True))) == len(set(fine))


def all_single(clusters: Indices) -> bool:
    """Whether every example is its own cluster."""
    return len(clusters) == len(np.unique(clusters))


def cluster_sums(values: np.ndarray, clusters: Indices) -> np.ndarray:
    """[clusters, ...], sums of `values` [n, ...] over the examples of each cluster."""
    sums = np.zeros((clusters.max() + 1, *values.shape[1:]))
    np.add.at(sums, clusters, values)
    return sums
