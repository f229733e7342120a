"""The key of config.json that caused an error of transformers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from transformers import PretrainedConfig

from keepfaith.config.errors import shown
from keepfaith.config.model_folder import read_configuration
from keepfaith.config.weights import TWO_MODELS

CORRECT_OR_COPY = "correct that key, or copy config.json again from the checkpoint of the weights"


def cure_of(folder: Path | str, config: PretrainedConfig, error: BaseException) -> str:
    """Advice on an error raised while a model was built.

    Args:
        folder: the model's folder.
        config: its configuration, as transformers reads it.
        error: the error.
    """
    text = config.get_text_config(decoder=True)
    padding = getattr(text, "pad_token_id", None)
    if isinstance(error, AssertionError) and "adding_idx" in str(error):
        return (
            f"pad_token_id is {shown(padding)}, and vocab_size leaves room for 0 to {text.vocab_size - 1}; correct the "
            "one that is wrong, or type pad_token_id: null"
        )
    if isinstance(error, KeyError) and error.args:
        keys = [
            key
            for key, value in _values(read_configuration("", Path(folder)))
            if value == error.args[0]
        ]
        if keys:
            return f"transformers knows no {shown(error.args[0])} at {keys[0]}; {CORRECT_OR_COPY}"
    return TWO_MODELS if "conversion of the weights" in str(error) else CORRECT_OR_COPY


def _values(content: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted key and value of every string in a JSON object."""
    if isinstance(content, dict):
        for name, inner in content.items():
            yield from _values(inner, f"{key}.{name}" if key else name)
    elif isinstance(content, str):
        yield key, content
