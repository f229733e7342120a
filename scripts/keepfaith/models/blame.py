"""Which key of a config.json an error of transformers is about."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from transformers import PretrainedConfig

from keepfaith.config.errors import shown
from keepfaith.config.model_folder import read_configuration
from keepfaith.config.weights import TWO_MODELS

CORRECT_OR_COPY = "correct that key, or copy config.json again from the checkpoint of the weights"


def cure_of(folder: Path | str, config: PretrainedConfig, error: BaseException) -> str:
    """What to do about an error that building a model has raised.

    Args:
        folder: the model's folder.
        config: its configuration, as transformers reads it.
        error: what was raised.
    """
    text = config.get_text_config(decoder=True)
    padding = getattr(text, "pad_token_id", None)
    if isinstance(error, AssertionError) and "adding_idx" in str(error):
        return (
            f"pad_token_id is {shown(padding)}, and vocab_size leaves room for 0 to {text.vocab_size - 1}; correct the "
            "one that is wrong, or type pad_token_id: null"
        )
    if isinstance(error, KeyError) and error.args:
        places = [
            path
            for path, value in _values(read_configuration("", Path(folder)))
            if value == error.args[0]
        ]
        if places:
            return f"transformers knows no {shown(error.args[0])} at {places[0]}; {CORRECT_OR_COPY}"
    return TWO_MODELS if "conversion of the weights" in str(error) else CORRECT_OR_COPY


def _values(content: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Path and value of every text of a JSON object."""
    if isinstance(content, dict):
        for key, inner in content.items():
            yield from _values(inner, f"{path}.{key}" if path else key)
    elif isinstance(content, str):
        yield path, content
