"""The orders of a study: those that a criterion ranks, and those whose levels are checkpoints."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from keepfaith.config.catalog import validated
from keepfaith.config.errors import ConfigError
from keepfaith.config.schema import CHECKPOINT_KIND, Checkpoint, CheckpointOrder, Order
from keepfaith.config.yaml_files import read_yaml

Found = Callable[[str, str], str]
"""(path as typed, what reads it) -> the path relative to the working directory."""


def read_orders(
    files: Mapping[str, Path], models: Sequence[str], found: Found, study: str
) -> tuple[dict[str, Order], dict[str, CheckpointOrder]]:
    """The definitions of both kinds, by name.

    Args:
        files: the file of each order, by its name.
        models: names of the study's models.
        found: gives the path of a checkpoint's folder.
        study: location of the study's keys in messages.

    Raises:
        ConfigError: a definition is invalid, or there are checkpoints and several models to compare them with.
    """
    orders: dict[str, Order] = {}
    checkpoints: dict[str, CheckpointOrder] = {}
    for name, file in files.items():
        content = read_yaml(file)
        if content.get("kind") != CHECKPOINT_KIND:
            orders[name] = validated(Order, content, file)
            continue
        if len(models) > 1:
            raise ConfigError(
                f"{study}: models",
                f"the levels of order {name!r} are compared with one dense model, and these are {', '.join(models)}; "
                "name only the model that they were made from",
            )
        order = validated(CheckpointOrder, content, file)
        levels = {
            level: _located(source, f"order {name}, level {level}", found)
            for level, source in order.levels.items()
        }
        checkpoints[name] = order.model_copy(update={"levels": levels})
    return orders, checkpoints


def _located(source: Checkpoint, user: str, found: Found) -> Checkpoint:
    if source.path is None:
        return source
    return source.model_copy(update={"path": found(source.path, user)})
