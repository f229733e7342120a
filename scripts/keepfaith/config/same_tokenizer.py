"""Whether two model folders have the same tokenizer: the same token ids for every text."""

import json
from pathlib import Path
from typing import Any

from keepfaith.config.errors import ConfigError, shown
from keepfaith.config.model_files import TOKENIZER

_IGNORED = ("version", "truncation", "padding")
"""Keys of tokenizer.json that are not used: keepfaith neither cuts nor pads with it."""

_WORDS = {"added_tokens": "special and added tokens", "model": "merges or rules of the vocabulary"}


def check_same_tokenizer(location: str, folder: Path, dense: Path) -> None:
    """Refuse a checkpoint whose tokens are not those of the dense model.

    Files that differ only in their form (how merges are written, padding, truncation) are the same.

    Args:
        location: name of the checkpoint in messages.
        folder: its folder.
        dense: folder of the dense model; both have passed `check_tokenizer`.

    Raises:
        ConfigError: in one line, with both folders and the first difference.
    """
    one, other = folder / TOKENIZER, dense / TOKENIZER
    if one.read_bytes() == other.read_bytes():
        return
    difference = _difference(_content(location, one), _content(location, other))
    if difference:
        raise ConfigError(
            location,
            f"{one} is not the tokenizer of the dense model, {other}: {difference}; levels are compared on the same "
            "tokens, use a checkpoint that keeps the tokenizer, or the dense model that it was made from",
        )


def _content(location: str, file: Path) -> dict[str, Any]:
    """The file as the tokenizers package writes what it has read, without what is not used."""
    from tokenizers import Tokenizer  # takes longer to import than most files to compare

    try:
        content: dict[str, Any] = json.loads(Tokenizer.from_file(str(file)).to_str())
    except Exception as error:  # the package raises no other type
        raise ConfigError(
            location, f"{file} cannot be read ({shown(str(error), 120)}); copy it again"
        ) from error
    content["model"].pop("dropout", None)
    return {key: value for key, value in content.items() if key not in _IGNORED}


def _difference(one: dict[str, Any], other: dict[str, Any]) -> str | None:
    """The first difference in words, of the vocabulary before any other; None where there is none."""
    vocabularies = [_vocabulary(content) for content in (one, other)]
    if vocabularies[0] != vocabularies[1]:
        mine, its = vocabularies
        different = sorted(token for token in {*mine, *its} if mine.get(token) != its.get(token))
        return (
            f"{len(different)} tokens are in one only or have another id, first {shown(different[0])} "
            f"({len(mine)} tokens, the dense model has {len(its)})"
        )
    changed = [key for key in sorted({*one, *other}) if one.get(key) != other.get(key)]
    return f"other {_WORDS.get(changed[0], changed[0])}" if changed else None


def _vocabulary(content: dict[str, Any]) -> dict[str, Any]:
    """The id of every token (where the file lists tokens with scores, its place in the list)."""
    tokens = content["model"].get("vocab") or {}
    if not isinstance(tokens, dict):
        tokens = {str(entry[0]): index for index, entry in enumerate(tokens)}
    added = {entry["content"]: entry["id"] for entry in content.get("added_tokens") or ()}
    return {**tokens, **added}
