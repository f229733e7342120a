"""Model of each imported run: two levels must not be the same model, unless it was pruned in place."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from keepfaith.config.errors import ConfigError, shown
from keepfaith.imports.log import Log
from keepfaith.imports.runs import results_of

RERUN = 1e-3
"""Upper bound, in nats, of differences between two runs of one model, except in half precision."""

NOISE = 1e-6
"""The same bound where the runs do not name a model."""

_HOW = (
    "attn_implementation", "batch_size", "device", "device_map", "device_map_option", "dtype", "gpu_memory_utilization",
    "max_batch_size", "max_length", "max_model_len", "parallelize", "tensor_parallel_size", "trust_remote_code",
)  # fmt: skip
"""Arguments that define how a model is run, not which model."""

_WEIGHTS = ("model_num_parameters", "model_revision", "model_sha", "peft_sha", "delta_sha")


def check_models(levels: Mapping[int, Log], logs: Mapping[int, Path]) -> list[str]:
    """Refuse a second run of one model, where both runs name it and their answers agree.

    Returns:
        One line per pair of levels that may still be one model: that name the same one but have other answers (a model
        that was pruned in place, or rounding), or that name none and have nearly the same answers.

    Raises:
        ConfigError: two levels name the same model, and their log-likelihoods are the same but for rounding.
    """
    notes = []
    named = {level: _model(logs[level]) for level in levels}
    for level in levels:
        for other in (earlier for earlier in levels if earlier < level):
            model = named[level]
            same = model is not None and model == named[other]
            apart = _difference(levels[level], levels[other])
            if same and apart <= RERUN:
                raise ConfigError(
                    logs[level],
                    f"level {level} is a second run of level {other}'s model: both results files name {shown(model)}, "
                    f"and no log-likelihood differs by more than {apart:.1g}; run the pruned model, or leave that "
                    "level out",
                )
            if same:
                notes.append(
                    f"levels {other} and {level} name the same model in their results ({shown(model)}): unless it was "
                    f"pruned in place between the runs, level {level} is not pruned; run the pruned model, or leave "
                    "that level out."
                )
            elif apart <= NOISE:
                notes.append(
                    f"levels {other} and {level} have nearly the same log-likelihoods (none differs by more than "
                    f"{apart:.1g}): if that is a second run of one model, leave level {level} out."
                )
    return notes


def _difference(one: Log, other: Log) -> float:
    """The largest difference of two log-likelihoods of the same choice."""
    return max(
        abs(ours - theirs)
        for doc_id, line in one.items()
        for ours, theirs in zip(line.log_likelihoods, other[doc_id].log_likelihoods, strict=True)
    )


def _model(log: Path) -> str | None:
    """What the results beside a log say of the model: its source, its arguments, and what they know of its weights."""
    file = results_of(log)
    try:
        results = json.loads(file.read_text(encoding="utf-8")) if file else {}
        config = results["config"]
        which = _arguments(config["model_args"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None  # no results of the harness: nothing is said
    if not which:
        return None
    known = [f"{key}={config[key]}" for key in _WEIGHTS if config.get(key)]
    return " ".join([str(config.get("model", "")), ",".join(which), *known]).strip()


def _arguments(typed: Any) -> list[str]:
    """Those that say which model it is, sorted."""
    if isinstance(typed, str):
        pairs = [part.partition("=")[::2] for part in typed.split(",") if part.strip()]
    else:
        pairs = list(typed.items())
    return sorted(f"{key}={value}" for key, value in pairs if key.strip() not in _HOW)
