"""Adapters: weights that are added to those of another model, and are not a model by themselves."""

import re

ADAPTER = "adapter_config.json"


def is_adapter(names: list[str]) -> bool:
    """Whether files of these names are an adapter without a model."""
    own = [
        name for name in names if re.match(r"(model.*\.safetensors|pytorch_model.*\.bin)$", name)
    ]
    return ADAPTER in names and not own


def adapters_beside(names: list[str]) -> list[str]:
    """The adapter files in a folder that also has model weights: some loaders add them to these, others do not."""
    found = [name for name in names if re.match(r"adapter_model\.(safetensors|bin)$", name)]
    return [ADAPTER, *found] if ADAPTER in names and found else []


def two_models_of(adapter: list[str]) -> str:
    """Advice where the files of an adapter are beside complete weights."""
    return (
        f"holds complete weights and an adapter ({' and '.join(adapter)}), which some loaders add to them and others "
        "ignore; merge it (peft: merge_and_unload, then save_pretrained) and name that folder, or move its files away "
        "if the weights are meant without it"
    )


def merge_adapter(source: str) -> str:
    """Advice for an adapter that peft reads from `source`."""
    return (
        f"is an adapter; merge it into its base model, with peft: AutoPeftModelForCausalLM.from_pretrained('{source}')"
        ".merge_and_unload().save_pretrained('NEW'), save the base model's tokenizer into NEW too, and name that folder"
    )
