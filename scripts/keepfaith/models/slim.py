"""Slim models: without the weights of some sub-layers, in memory and on disk.

The configuration lists the removed sub-layers under transformers' own key, `per_layer_config`:
`{"25": {"skip": ["attention"]}}`. No architecture of transformers acts on it yet: its loader would build the
missing weights and fill them at random. A slim folder therefore names its own model type, which that loader
refuses, and keeps the real one in another key. Its weights are in files (`model.slim.safetensors`) that no loader
looks for by default, so that a class of transformers called by name does not read them either.
"""

import json
import re
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from torch import nn
from transformers import CONFIG_MAPPING, AutoConfig, PretrainedConfig, PreTrainedModel, __version__

from keepfaith.config.contradictions import contradiction
from keepfaith.config.errors import ConfigError, shown
from keepfaith.config.model_files import CONFIG
from keepfaith.config.model_folder import (
    BASE_TYPE,
    SLIM_TYPE,
    SLIM_VARIANT,
    read_configuration,
)
from keepfaith.models.components import SUBLAYERS, Sublayer
from keepfaith.models.errors import LoadingError, refused
from keepfaith.models.families import LayerSite, layer_sites
from keepfaith.models.removal import NoOp


class RemovedSublayer(nn.Module):
    """Module in place of a removed sub-layer: no weights, and an output that adds nothing."""

    def __init__(self, no_op: NoOp, module: nn.Module) -> None:
        super().__init__()
        # Attributes that the enclosing layer may read: its index, its kind of attention.
        for name, value in vars(module).items():
            if not name.startswith("_") and name != "training":
                setattr(self, name, value)
        self.no_op = no_op

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.no_op.answer(*args, **kwargs)


class RemovedAttention(RemovedSublayer):
    """Removed attention; the class name lets the search for sub-layers by class find it."""


class RemovedMLP(RemovedSublayer):
    """Removed MLP, as `RemovedAttention`."""


_REMOVED = {"attention": RemovedAttention, "mlp": RemovedMLP}


def slim_class(base: type[PreTrainedModel], dropped: frozenset[Sublayer]) -> type[PreTrainedModel]:
    """A subclass of `base` that is built without these sub-layers, so that they never take memory."""

    def build(self: Any, config: PretrainedConfig, *args: Any, **kwargs: Any) -> None:
        base.__init__(self, config, *args, **kwargs)
        take_out(self, dropped)
        # The dense checkpoint contains them: this is intended and needs no warning.
        self._keys_to_ignore_on_load_unexpected = {
            *(self._keys_to_ignore_on_load_unexpected or ()),
            *(re.escape(prefix) for prefix in module_prefixes(self, dropped)),
        }

    # transformers maps weights and finds related classes by the module's name.
    return type(base.__name__, (base,), {"__init__": build, "__module__": base.__module__})


def take_out(model: PreTrainedModel, dropped: frozenset[Sublayer]) -> None:
    """Replace the modules of these sub-layers permanently."""
    sites = layer_sites(model)
    for sublayer in sorted(dropped):
        site = sites[sublayer.layer]
        module = site.modules[sublayer.kind]
        no_op = NoOp(sublayer, module, site.family)
        setattr(site.layer, _child_name(site, module), _REMOVED[sublayer.kind](no_op, module))


def module_prefixes(model: PreTrainedModel, dropped: Iterable[Sublayer]) -> tuple[str, ...]:
    """Prefixes of the names of these sub-layers' weights."""
    names = {id(module): name for name, module in model.named_modules()}
    sites = layer_sites(model)
    return tuple(f"{names[id(sites[layer].modules[kind])]}." for layer, kind in sorted(dropped))


def mark(config: PretrainedConfig, dropped: frozenset[Sublayer]) -> None:
    """Write the removed sub-layers into a configuration."""
    skips: dict[int | str, dict[str, Any]] = {}
    for layer, kind in sorted(dropped):
        skips.setdefault(layer, {"skip": []})["skip"].append(kind)
    config.get_text_config(decoder=True).per_layer_config = skips or None


def skipped(config: PretrainedConfig) -> frozenset[Sublayer]:
    """The removed sub-layers according to a configuration."""
    text = config.get_text_config(decoder=True)
    if not text.is_heterogeneous:
        return frozenset()
    return frozenset(
        Sublayer(layer, kind)
        for layer, of_layer in enumerate(text.per_layer_config)
        for kind in SUBLAYERS
        if kind in getattr(of_layer, "skip", [])
    )


def read_config(folder: Path | str) -> PretrainedConfig:
    """The configuration of a model folder, slim or not.

    Raises:
        LoadingError: transformers does not know the model, or refuses the file's content.
    """
    file = Path(folder) / CONFIG
    content = _content(folder)
    slim = content.get("model_type") == SLIM_TYPE
    kind = content.get(BASE_TYPE if slim else "model_type")
    if not isinstance(kind, str) or kind not in CONFIG_MAPPING:
        like = get_close_matches(str(kind), CONFIG_MAPPING, n=1)
        hint = f"did you mean {like[0]!r}?" if like else "use a model that it knows"
        raise LoadingError(
            f"{file}: transformers {__version__} knows no model_type {shown(kind)}; {hint}"
        )
    if not slim and (wrong := contradiction(content)):
        raise LoadingError(f"{file}: {wrong}")
    config: PretrainedConfig
    with refused(
        file, "correct that key, or copy the file again from the checkpoint of the weights"
    ):
        if slim:
            rest = {key: value for key, value in content.items() if key not in _SLIM_KEYS}
            config = AutoConfig.for_model(kind, **rest)
        else:
            config = AutoConfig.from_pretrained(
                str(folder), local_files_only=True, trust_remote_code=False
            )
        config.get_text_config(decoder=True)
        skipped(config)
        _answer_as_asked(config)
    return config


def _answer_as_asked(config: PretrainedConfig) -> None:
    """Reset how a model is run and what it returns: the caller decides, and a file may ask for missing kernels."""
    for part in {id(c): c for c in (config, config.get_text_config(decoder=True))}.values():
        part.output_attentions = part.output_hidden_states = False
        part.return_dict = True
    config._attn_implementation = None


def _content(folder: Path | str) -> dict[str, Any]:
    try:
        return read_configuration("", Path(folder))
    except ConfigError as error:
        raise LoadingError(error.problem) from error


_SLIM_KEYS = ("model_type", BASE_TYPE, "architectures")


def variant_of(folder: Path | str) -> str | None:
    """The variant of a folder's weights: `SLIM_VARIANT` for a slim one.

    Raises:
        LoadingError: config.json is missing or broken.
    """
    content = _content(folder)
    return SLIM_VARIANT if content.get("model_type") == SLIM_TYPE else None


def write_slim_config(folder: Path) -> None:
    """Give a saved folder the model type that other loaders refuse."""
    path = folder / "config.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    content |= {
        "model_type": SLIM_TYPE,
        BASE_TYPE: content["model_type"],
        "architectures": ["KeepfaithSlimForCausalLM"],
    }
    path.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def _child_name(site: LayerSite, module: nn.Module) -> str:
    return next(name for name, child in site.layer.named_children() if child is module)
