"""Loading a checked local folder: safetensors and tokenizer.json only, no remote code, ready to evaluate."""

import json
import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, cast

import torch
from tokenizers import Tokenizer
from transformers import (
    GenerationConfig,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)

from keepfaith.config.errors import ConfigError
from keepfaith.config.model_files import CONFIG, TOKENIZER, TOKENIZER_CONFIG
from keepfaith.config.model_folder import check_tokenizer, read_configuration, text_part
from keepfaith.models.checkpoint import described, refuse_differences
from keepfaith.models.components import Step
from keepfaith.models.errors import LoadingError, one_line, refused
from keepfaith.models.out_of_memory import is_out_of_memory
from keepfaith.models.slim import mark, variant_of

GENERATION_CONFIG = "generation_config.json"

logger = logging.getLogger(__name__)

COPY_AGAIN = "copy it again from the checkpoint of the weights"
NO_UNKNOWN = (
    "give its model an unk_token that is in its vocabulary, or copy it again from the checkpoint"
)
ROUND_TRIP_PROBES = ("a", "1 \U00013000\U00010380")
"""Texts to encode; the second has characters that hardly any vocabulary contains."""

DTYPES = {
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
    "float64": torch.float64,
}


def as_dtype(name: str) -> torch.dtype | Literal["auto"]:
    """The torch dtype of a name; `auto` (the configuration's, else that of the weights) is passed to transformers."""
    return "auto" if name == "auto" else DTYPES[name]


def choose_device(device: str) -> torch.device:
    """The torch device of a name; `auto` is the first CUDA device if there is one, else the CPU.

    Raises:
        LoadingError: CUDA is requested by name and there is none.
    """
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise LoadingError(
            f"device {device} is requested, but torch sees no CUDA device; use auto or cpu"
        )
    return torch.device(device)


def load_tokenizer(folder: Path | str) -> PreTrainedTokenizerFast:
    """The folder's tokenizer: token ids are those of tokenizer.json.

    The tokenizer class that a folder names may rebuild the tokenizer from vocabulary and merges, with another
    splitting, and other files may add tokens. So that class is not used, and the encoder is read from tokenizer.json
    alone; the other files give the roles of tokens (BOS, EOS, padding), the chat template and the longest input.

    Raises:
        LoadingError: config.json or a file of the tokenizer is missing or broken, or BOS or EOS is not one of its
            tokens.
    """
    try:
        check_tokenizer("", Path(folder))
        configuration = read_configuration("", Path(folder))
    except ConfigError as error:
        raise LoadingError(error.problem) from error
    file, roles = Path(folder) / TOKENIZER, Path(folder) / TOKENIZER_CONFIG
    with refused(file, COPY_AGAIN):
        encodes = Tokenizer.from_file(str(file))
        encodes.no_truncation()
        encodes.no_padding()
        if hasattr(
            encodes.model, "dropout"
        ):  # meant for training: one text would have many encodings
            encodes.model.dropout = None
    with refused(file, NO_UNKNOWN):
        for probe in ROUND_TRIP_PROBES:
            encodes.encode(probe)
    with refused(roles, COPY_AGAIN):
        tokenizer: PreTrainedTokenizerFast = PreTrainedTokenizerFast.from_pretrained(
            str(folder), local_files_only=True
        )
        _keep_known_roles(folder, tokenizer, encodes)
    tokenizer.split_special_tokens = False
    tokenizer._tokenizer = encodes
    if not {"bos_token", "eos_token"} & set(tokenizer.special_tokens_map):
        with refused(Path(folder) / CONFIG, COPY_AGAIN):
            _take_roles(text_part(configuration), tokenizer, encodes)
    with refused(file, COPY_AGAIN):
        _refuse_nameless(tokenizer)
    return tokenizer


def _refuse_nameless(tokenizer: PreTrainedTokenizerFast) -> None:
    """Refuse ids that no token has: a post-processor may add any id."""
    for probe in ROUND_TRIP_PROBES:
        ids = tokenizer(probe)["input_ids"]
        for index, token in zip(ids, tokenizer.convert_ids_to_tokens(ids), strict=True):
            if token is None:
                raise ValueError(
                    f"it adds id {index} to every text, but none of its tokens has that id"
                )


def _keep_known_roles(
    folder: Path | str, tokenizer: PreTrainedTokenizerFast, encodes: Tokenizer
) -> None:
    """Remove special tokens that tokenizer.json lacks: transformers would add them with ids that the model lacks."""
    for role, token in tokenizer.special_tokens_map.items():
        if encodes.token_to_id(token) is not None:
            continue
        if role in ("bos_token", "eos_token"):
            raise LoadingError(
                f"{folder}: {role} is {token!r} in {TOKENIZER_CONFIG}, but {TOKENIZER} has no such token; name one of "
                "its tokens, or copy both files from the same checkpoint"
            )
        setattr(tokenizer, role, None)
    known = [t for t in tokenizer.extra_special_tokens if encodes.token_to_id(t) is not None]
    tokenizer.extra_special_tokens = known


def _take_roles(
    configuration: Mapping[str, Any], tokenizer: PreTrainedTokenizerFast, encodes: Tokenizer
) -> None:
    """Take BOS and EOS from config.json, as for GPT-2, if no file of the tokenizer names them; special tokens only."""
    special = {n for n, token in encodes.get_added_tokens_decoder().items() if token.special}
    for role in ("bos_token", "eos_token"):
        ids = configuration.get(f"{role}_id")
        first = ids[0] if isinstance(ids, list) and ids else ids
        if first in special:
            setattr(tokenizer, role, encodes.id_to_token(first))


def load_model(
    folder: Path | str,
    dtype: str = "float32",
    device: str = "auto",
    dropped: Iterable[Step] = (),
) -> PreTrainedModel:
    """The folder's causal language model in evaluation mode, without gradients on its weights.

    If the process sees several GPUs (a job sees those that it holds), the layers are spread over them.

    Args:
        folder: a folder with config.json and safetensors; a slim one (`slim`) loads without what it dropped.
        dtype: float32, bfloat16, float16 (or float64, for references), or auto: the dtype of its configuration.
        device: auto, cpu or cuda.
        dropped: components left out permanently; their weights are never read.

    Raises:
        LoadingError: the model is not a causal language model, or its weights are not those that config.json describes
            (transformers would fill missing ones at random and ignore extra ones).

    Examples:
        >>> from keepfaith.config.shipped import BUILTIN_CHECKPOINT
        >>> model = load_model(BUILTIN_CHECKPOINT, device="cpu")
        >>> model.config.num_hidden_layers, model.dtype
        (8, torch.float32)
    """
    chosen = choose_device(device)
    spread = chosen.type == "cuda" and torch.cuda.device_count() > 1
    asked = described(folder, dropped)
    loaded: Any = _from_pretrained(
        asked.kind,
        folder,
        config=asked.config,
        dtype=as_dtype(dtype),
        generation_config=_own_generation(asked.config),
        variant=variant_of(folder),
        device_map="balanced" if spread else None,
    )
    model, report = loaded
    refuse_differences(folder, report, model)
    mark(model.config, asked.gone)
    model.requires_grad_(False)
    ready: PreTrainedModel = model.eval()
    return ready if spread else ready.to(chosen)  # type: ignore[arg-type]


def _from_pretrained(kind: Any, folder: Path | str, **settings: Any) -> Any:
    """The model and the loading report of transformers; an error becomes one line, unless it is out of memory."""
    try:
        return kind.from_pretrained(
            str(folder),
            local_files_only=True,
            use_safetensors=True,
            ignore_mismatched_sizes=True,
            output_loading_info=True,
            **settings,
        )
    except Exception as error:
        if is_out_of_memory(error):
            raise
        raise LoadingError(f"{folder}: {one_line(error)}; {COPY_AGAIN}") from error


def check_generation(folder: Path | str) -> bool:
    """Whether the model's generation settings can be read; a warning names the file if not.

    keepfaith generates only in its self-test and its measurements, with its own settings.
    """
    file = Path(folder) / GENERATION_CONFIG
    if not file.is_file():
        return False
    try:
        with refused(file, "it is ignored, since keepfaith does not need it"):
            if not isinstance(json.loads(file.read_text(encoding="utf-8")), dict):
                raise ValueError("it contains no JSON object")
            GenerationConfig.from_pretrained(str(folder), local_files_only=True)
    except LoadingError as error:
        logger.warning("%s", error)
        return False
    return True


def _own_generation(config: PretrainedConfig) -> GenerationConfig:
    """BOS, EOS and padding from the model's configuration; generation_config.json is not read."""
    text, make = config.get_text_config(decoder=True), cast(Any, GenerationConfig)
    roles = ("bos_token_id", "eos_token_id", "pad_token_id")
    try:
        made = make(**{role: getattr(text, role, None) for role in roles})
    except Exception:  # transformers decides what it accepts
        made = make()
    return cast(GenerationConfig, made)
