"""Contents of a config.json that contradict a complete model of its model_type."""

import re
from collections.abc import Iterator
from typing import Any

from keepfaith.config.architectures import known_to_transformers, same_family, types_of_class
from keepfaith.config.errors import shown
from keepfaith.config.rotary import said_twice

LEFT_OUT = ("no_op", "skip", "replace_with_linear")
"""Keys of a layer's entry that mark its attention or its MLP as missing: Nemotron-NAS, transformers."""

LISTED = re.compile(
    r"(drop|dropped|skip|skipped|prune|pruned|remove|removed)_"
    r"(attn|attention|mlp|ffn|layer|layers|block|blocks)(_list|_ids|_idx|_indices)?"
)
"""Keys that list the layers without attention or MLP, as written by the code of pruning papers."""

LAYERS = re.compile(r"layer|block")
"""Matches names of keys whose entries are settings of layers."""

TEXT_PARTS = ("text_config", "llm_config", "language_config", "decoder")
"""Names of the block of a config.json that configures the language model, in multimodal models."""


def contradiction(content: dict[str, Any]) -> str | None:
    """Why a config.json is not that of a complete model of its model_type; None where nothing is found.

    Args:
        content: config.json of a folder that keepfaith did not export.
    """
    return _other_class(content) or _left_out(content) or said_twice(content)


def _other_class(content: dict[str, Any]) -> str | None:
    """transformers builds the model of model_type and ignores `architectures`."""
    kind, classes = content.get("model_type"), content.get("architectures")
    if (
        not isinstance(kind, str)
        or not isinstance(classes, list)
        or not known_to_transformers(kind)
    ):
        return None
    for name in classes:
        types = types_of_class(name) if isinstance(name, str) else frozenset()
        if types and not any(same_family(kind, other) for other in types):
            return (
                f"model_type is {kind!r}, but architectures names {name!r}, a class of {', '.join(sorted(types))}; "
                "correct the one that is wrong, or copy config.json again from the checkpoint of the weights"
            )
    return None


def _left_out(content: dict[str, Any]) -> str | None:
    """Incomplete layers: level 0 would not be the dense model, or missing weights would be random."""
    path, value = next(_entries(content), ("", None))
    if not path:
        return None
    return (
        f"{path} ({shown(value)}) says that a layer lacks its attention or its MLP, so that level 0 would not be the "
        f"dense model; use the dense checkpoint it was made from, or delete {path.partition('.')[0].partition('[')[0]} "
        "if the weights hold every layer whole"
    )


def _entries(content: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Dotted key and value of every entry that leaves something out, in the order of the file."""
    waiting = list(reversed(_members("", content)))
    while waiting:
        path, value = waiting.pop()
        key = path.rpartition(".")[2]
        # A fraction is a training rate and lists no layers.
        if value and not isinstance(value, float) and (key in LEFT_OUT or LISTED.fullmatch(key)):
            yield path, value
        elif _speaks_of_layers(path, value):
            waiting += reversed(_members(path, value))


def _members(path: str, value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        return [(f"{path}.{key}" if path else key, inner) for key, inner in value.items()]
    if isinstance(value, list):
        return [(f"{path}[{index}]", inner) for index, inner in enumerate(value)]
    return []


def _speaks_of_layers(path: str, value: Any) -> bool:
    """Whether a value may contain entries of layers: the block of the language model, or a list of settings.

    Names of labels, settings of tasks, of positions and of quantisation never do.
    """
    part, _, below = path.partition(".")
    if part in TEXT_PARTS:
        path = below
    if not re.fullmatch(r"[^.[]+", path) or LAYERS.search(path):
        return True
    if isinstance(value, dict):
        return all(str(key).isdecimal() for key in value)
    return isinstance(value, list) and any(isinstance(inner, dict) for inner in value)
