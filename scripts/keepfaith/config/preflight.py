"""A look at every local input before any job: models, task files, calibration text. No torch, no datasets."""

from pathlib import Path

from keepfaith.config.counts import part_counts
from keepfaith.config.errors import ConfigError
from keepfaith.config.files import read_rows
from keepfaith.config.load import BUILTIN_CHECKPOINT
from keepfaith.config.model_folder import check_model_folder, layer_count
from keepfaith.config.rows import RowError, read_table
from keepfaith.config.schema import (
    BuiltinModel,
    BuiltinTaskSource,
    Examples,
    LocalModel,
    LocalTaskSource,
    LocalText,
    Model,
    Order,
)
from keepfaith.config.settings import ResolvedTask, Settings
from keepfaith.config.texts import local_texts


def check(settings: Settings) -> None:
    """Look at all local inputs of a study; sources on the hub are not asked.

    Raises:
        ConfigError: the first input that cannot be used, in one line.
    """
    for name, model in settings.models.items():
        _check_model(name, model)
    for name, order in settings.orders.items():
        _check_text(name, order)
    training = bool(settings.trained_models())
    for resolved in settings.tasks.values():
        _check_task(resolved, settings.study.examples, training)


def _check_model(name: str, model: Model) -> None:
    match model.source:
        case LocalModel(path=path):
            check_model_folder(f"model {name}", Path(path))
        case BuiltinModel(layers=layers) if BUILTIN_CHECKPOINT.joinpath("config.json").is_file():
            # It may be absent only while the checkpoint that ships is being made again.
            found = layer_count(f"model {name}", BUILTIN_CHECKPOINT)
            if found != layers:
                raise ConfigError(
                    f"model {name}: source.layers",
                    f"{layers}, but the checkpoint that ships has {found} layers; type {found}",
                )


def _check_task(resolved: ResolvedTask, examples: Examples, training: bool) -> None:
    match resolved.source:
        case BuiltinTaskSource(sizes=sizes):
            part_counts(resolved.name, examples, sizes.evaluation, sizes.tuning)
        case LocalTaskSource(splits=splits) as source:
            rows = _count(resolved, source, splits.evaluation)
            own_tuning = splits.tuning not in (None, splits.evaluation)
            tuning = _count(resolved, source, str(splits.tuning)) if own_tuning else None
            part_counts(resolved.name, examples, rows, tuning)
            if training and splits.training and splits.training != splits.tuning:
                _count(resolved, source, splits.training, distinct=False)


def _count(
    resolved: ResolvedTask, source: LocalTaskSource, path: str, distinct: bool = True
) -> int:
    """Rows of a file, each of which was read as the jobs will read it."""
    try:
        return sum(1 for _ in read_table(resolved.task, source, read_rows(path), distinct))
    except RowError as error:
        raise ConfigError(path, f"{error} (task {resolved.name})") from error


def _check_text(name: str, order: Order) -> None:
    text = order.calibration_text
    if not isinstance(text, LocalText):
        return
    needed = order.samples * text.rows_per_sample
    found = sum(1 for _ in local_texts(text))
    if found < needed:
        raise ConfigError(
            text.path,
            f"has {found} texts, order {name} reads {needed} (samples x rows_per_sample); lower samples to "
            f"{found // text.rows_per_sample} or name a longer file",
        )
