"""Texts that examples share: fields of an EXAMPLES frame as sets of comparable texts, and links between examples."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

import polars as pl

from keepfaith.config.passages import comparable, is_short

FieldTexts = Sequence[frozenset[str]]
"""Comparable texts of one field by example; a field may have several in one example, or none."""

ExamplesByText = Mapping[str, frozenset[int]]
"""Examples by text."""


def texts_by_field(examples: pl.DataFrame) -> dict[str, FieldTexts]:
    """The `comparable` texts of every field, by name and example."""
    return _by_name(
        [(field["name"], comparable(prompt[field["start"] : field["end"]])) for field in fields or []]
        for prompt, fields in examples.select("prompt", "fields").iter_rows()
    )  # fmt: skip


def outside_texts(examples: pl.DataFrame) -> dict[str, FieldTexts]:
    """The same for texts of a logged document outside the prompt."""
    if "outside" not in examples.columns:
        return {}
    return _by_name(
        [(found["name"], found["text"]) for found in outside or []]
        for (outside,) in examples.select("outside").iter_rows()
    )


def united(one: Mapping[str, FieldTexts], other: Mapping[str, FieldTexts]) -> dict[str, FieldTexts]:
    """The texts of both by name."""
    return {**other, **one} | {
        name: [a | b for a, b in zip(one[name], other[name], strict=True)]
        for name in one.keys() & other.keys()
    }


def _by_name(rows: Iterable[list[tuple[str, str]]]) -> dict[str, FieldTexts]:
    found: dict[str, dict[int, set[str]]] = {}
    count = 0
    for row, named in enumerate(rows):
        count += 1
        for name, text in named:
            of_field = found.setdefault(name, {})
            if text:
                of_field.setdefault(row, set()).add(text)
    return {
        name: [frozenset(texts.get(row, ())) for row in range(count)]
        for name, texts in found.items()
    }


def passages(texts: Mapping[str, FieldTexts]) -> dict[str, FieldTexts]:
    """The fields of which several examples share a text that may be a passage, without their other texts.

    Short texts, and texts in more than half of the examples, cannot be a passage. Fields that contain the same texts in
    varying roles are one field under both names.
    """
    fields = {name: long_and_unusual(of_field) for name, of_field in texts.items()}
    fields = {name: _without_usual(of_field) for name, of_field in _joined(fields).items()}
    return {
        name: of_field
        for name, of_field in fields.items()
        if max(map(len, _examples_by_text(of_field).values()), default=0) > 1
    }


def cluster_numbers(prompts: Sequence[str], texts: FieldTexts | None) -> list[int]:
    """The cluster of every example, 0, 1, ...: equal prompts and shared texts link examples, transitively."""
    parents = list(range(len(prompts)))

    def root(row: int) -> int:
        while parents[row] != row:
            parents[row] = parents[parents[row]]
            row = parents[row]
        return row

    first: dict[tuple[str, str], int] = {}
    for row, prompt in enumerate(prompts):
        own = texts[row] if texts else ()
        for key in (("prompt", prompt), *(("field", text) for text in own)):
            one, other = root(first.setdefault(key, row)), root(row)
            parents[max(one, other)] = min(one, other)
    numbers: dict[int, int] = {}
    return [numbers.setdefault(root(row), len(numbers)) for row in range(len(prompts))]


def without_constant(texts: FieldTexts) -> FieldTexts:
    """The texts that are not in every example."""
    return _dropped(
        texts, {text for text, rows in _examples_by_text(texts).items() if len(rows) == len(texts)}
    )


def long_and_unusual(texts: FieldTexts) -> FieldTexts:
    """The texts that may be a passage if none is named: not short, and not in more than half of the examples."""
    return _without_usual(_long(texts))


def _long(texts: FieldTexts) -> FieldTexts:
    return [frozenset(text for text in own if not is_short(text)) for own in texts]


def _without_usual(texts: FieldTexts) -> FieldTexts:
    usual = {text for text, rows in _examples_by_text(texts).items() if 2 * len(rows) > len(texts)}
    return _dropped(texts, usual)


def _dropped(texts: FieldTexts, dropped: set[str]) -> FieldTexts:
    return [own - dropped for own in texts] if dropped else texts


def _examples_by_text(texts: FieldTexts) -> ExamplesByText:
    found: dict[str, set[int]] = {}
    for row, own in enumerate(texts):
        for text in own:
            found.setdefault(text, set()).add(row)
    return {text: frozenset(rows) for text, rows in found.items()}


def _joined(fields: Mapping[str, FieldTexts]) -> dict[str, FieldTexts]:
    """The fields; those that exchange texts are joined to one."""
    by_text = {name: _examples_by_text(of_field) for name, of_field in fields.items()}
    groups = [{name} for name in fields]
    for one, other in combinations(fields, 2):
        if _cross(by_text[one], by_text[other]):
            meeting = [group for group in groups if group & {one, other}]
            groups = [group for group in groups if group not in meeting] + [set().union(*meeting)]
    names = [[name for name in fields if name in group] for group in groups]
    return {
        " + ".join(group): [
            frozenset().union(*own) for own in zip(*(fields[name] for name in group), strict=True)
        ]
        for group in names
    }


def _cross(one: ExamplesByText, other: ExamplesByText) -> bool:
    """Whether at least half of the shared texts of one field are in the other field of other examples."""
    shared = [
        {text for text, rows in ours.items() if len(rows | theirs.get(text, frozenset())) > 1}
        for ours, theirs in ((one, other), (other, one))
    ]
    crossing = [
        text
        for text in shared[0] & shared[1]
        if one[text] - other[text] and other[text] - one[text]
    ]
    return bool(crossing) and 2 * len(crossing) >= min(map(len, shared))
