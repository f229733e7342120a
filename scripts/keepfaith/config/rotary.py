"""Rotary positions that a config.json defines twice, under old and new keys, with different values."""

from collections.abc import Iterator, Mapping
from typing import Any

from keepfaith.config.errors import shown

NEW, OLD = "rope_parameters", "rope_scaling"
BESIDE = ("rope_theta", "partial_rotary_factor", "original_max_position_embeddings")
"""Parameters that old files have beside the block of the others."""
SAME = {"su": "longrope", "mrope": "default"}
"""Kinds that transformers reads as another kind."""


def said_twice(content: Mapping[str, Any]) -> str | None:
    """A message on two keys of a config.json that disagree on rotary positions; None where all agree.

    transformers takes one of them and ignores the other; other loaders choose differently.
    """
    for prefix, part in (("", content), ("text_config.", content.get("text_config"))):
        if isinstance(part, Mapping):
            for one, first, other, second in _pairs(part):
                if first != second:
                    return (
                        f"{prefix}{one} ({shown(first)}) and {prefix}{other} ({shown(second)}) disagree on "
                        "the rotary positions; delete the one that the weights were not trained with"
                    )
    return None


def _pairs(part: Mapping[str, Any]) -> Iterator[tuple[str, Any, str, Any]]:
    """Pairs of keys that must agree, each with its value."""
    for name in (OLD, NEW):
        for path, rope in _each(name, part.get(name)):
            if None not in (rope.get("type"), rope.get("rope_type")):
                one, other = f"{path}.type", f"{path}.rope_type"
                yield one, _kind(rope["type"]), other, _kind(rope["rope_type"])
        yield from _beside(part, name)
    old, new = part.get(OLD), part.get(NEW)
    if isinstance(old, Mapping) and isinstance(new, Mapping) and old and new:
        yield OLD, _plain(old, part), NEW, _plain(new, part)


def _beside(part: Mapping[str, Any], name: str) -> Iterator[tuple[str, Any, str, Any]]:
    """Parameters that are both inside and beside the block; layers of other kinds may have another value."""
    for key in BESIDE:
        outside = part.get(key)
        inside = {
            f"{path}.{key}": rope[key]
            for path, rope in _each(name, part.get(name))
            if rope.get(key) is not None
        }
        if outside is not None and inside and outside not in inside.values():
            path, value = next(iter(inside.items()))
            yield key, outside, path, value


def _each(name: str, rope: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The set of parameters, or one set for each kind of layer."""
    if isinstance(rope, Mapping):
        yield name, rope
        for key, inner in rope.items():
            if isinstance(inner, Mapping):
                yield f"{name}.{key}", inner


def _plain(rope: Mapping[str, Any], part: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters in one spelling, with those beside the block."""
    found = {key: value for key, value in rope.items() if value is not None}
    kind = found.pop("type", None)
    found["rope_type"] = _kind(found.get("rope_type", kind))
    return {key: part[key] for key in BESIDE if part.get(key) is not None} | found


def _kind(kind: Any) -> Any:
    return SAME.get(kind, kind) if isinstance(kind, str) else kind
