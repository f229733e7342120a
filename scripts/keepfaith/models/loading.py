"""Loading a checked local folder: safetensors only, no remote code, ready to evaluate."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import torch
import transformers
from transformers import (
    MODEL_FOR_CAUSAL_LM_MAPPING,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from keepfaith.models.components import Step, sublayers_of
from keepfaith.models.slim import mark, read_config, skipped, slim_class, variant_of

DTYPES = {
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
    "float64": torch.float64,
}


class LoadingError(Exception):
    """A model folder loads, but not to what its configuration says."""


def as_dtype(name: str) -> torch.dtype | Literal["auto"]:
    """What transformers calls a dtype of `DTYPES`; `auto` is what the configuration says, else that of the weights."""
    return "auto" if name == "auto" else DTYPES[name]


def choose_device(device: str) -> torch.device:
    """`auto` is the first CUDA device where there is one, else the CPU.

    Raises:
        LoadingError: CUDA is asked for by name and there is none.
    """
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise LoadingError(
            f"device {device} is asked for, but torch sees no CUDA device; use auto or cpu"
        )
    return torch.device(device)


def load_tokenizer(folder: Path | str) -> PreTrainedTokenizerBase:
    """The folder's tokenizer; it must be a fast one, since character spans need offsets.

    Raises:
        LoadingError: the tokenizer has no Rust implementation.
    """
    tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
        str(folder), local_files_only=True, trust_remote_code=False
    )
    if not tokenizer.is_fast:
        raise LoadingError(
            f"{folder}: only a slow tokenizer here; character spans need tokenizer.json"
        )
    return tokenizer


def load_model(
    folder: Path | str,
    dtype: str = "float32",
    device: str = "auto",
    dropped: Iterable[Step] = (),
) -> PreTrainedModel:
    """The folder's causal language model in evaluation mode, without gradients on its weights.

    Where the process sees several GPUs (a job sees those that it holds), the layers are spread over them.

    Args:
        folder: a folder with config.json and safetensors; slim ones (`slim`) come without what they dropped.
        dtype: float32, bfloat16, float16 (or float64, for references), or auto: as its configuration says.
        device: auto, cpu or cuda.
        dropped: components left out for good; their weights are never read.

    Raises:
        LoadingError: the model is no causal language model, or weights are missing from the checkpoint (transformers
            would fill them at random).
    """
    place = choose_device(device)
    spread = place.type == "cuda" and torch.cuda.device_count() > 1
    config = read_config(folder)
    gone = skipped(config) | sublayers_of(dropped)
    if type(config) not in MODEL_FOR_CAUSAL_LM_MAPPING:
        raise LoadingError(
            f"{folder}: a {config.model_type} is no causal language model of transformers {transformers.__version__}"
        )
    base: Any = MODEL_FOR_CAUSAL_LM_MAPPING[type(config)]
    kind: Any = slim_class(base, gone) if gone else base
    loaded: Any = kind.from_pretrained(
        str(folder),
        config=config,
        dtype=as_dtype(dtype),
        variant=variant_of(folder),
        local_files_only=True,
        use_safetensors=True,
        device_map="balanced" if spread else None,
        output_loading_info=True,
    )
    model, report = loaded
    if missing := sorted(report["missing_keys"]):
        raise LoadingError(
            f"{folder}: {len(missing)} weights are missing from the checkpoint, first {missing[0]}"
        )
    mark(model.config, gone)
    model.requires_grad_(False)
    ready: PreTrainedModel = model.eval()
    return ready if spread else ready.to(place)  # type: ignore[arg-type]
