"""Check of every local input before any job: models, task files, calibration text. No torch, no datasets."""

from collections import Counter
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from keepfaith.config.cells import RowError
from keepfaith.config.counts import (
    AUTOMATIC_TUNING,
    Counts,
    enough_shots,
    evaluated_too,
    left_out,
    subset_counts,
    tuning_count,
)
from keepfaith.config.errors import ConfigError
from keepfaith.config.files import read_rows
from keepfaith.config.model_folder import (
    check_chat_template,
    check_model_folder,
    layer_count,
    model_type,
)
from keepfaith.config.places import unexpanded
from keepfaith.config.rows import Skipped, content_of, read_task_rows
from keepfaith.config.same_tokenizer import check_same_tokenizer
from keepfaith.config.schema import (
    BuiltinModel,
    BuiltinTaskSource,
    Examples,
    HarnessTaskSource,
    HubTaskSource,
    LocalModel,
    LocalTaskSource,
    LocalText,
    Model,
)
from keepfaith.config.settings import ResolvedTask, Settings
from keepfaith.config.shipped import BUILTIN_CHECKPOINT
from keepfaith.config.texts import local_texts
from keepfaith.plugins.method import METHODS


def check(settings: Settings) -> list[str]:
    """Check all local inputs of a study; sources on the hub are not checked.

    Returns:
        Notes for the user, one line each: rows that are left out.

    Raises:
        ConfigError: the first input that cannot be used, in one line.
    """
    for name, model in settings.models.items():
        _check_model(name, model)
        _check_chat_template(name, model)
        _check_methods(settings, name, model)
    for name in settings.checkpoints:
        _check_checkpoints(settings, name)
    _check_text(settings)
    training = bool(settings.trained_models())
    notes = [
        _check_task(resolved, settings.examples_of(name), training)
        for name, resolved in settings.tasks.items()
    ]
    return [note for of_task in notes for note in of_task]


def _check_model(name: str, model: Model) -> None:
    match model.source:
        case LocalModel(path=path):
            check_model_folder(f"model {name}", Path(path))
        case BuiltinModel(layers=layers) if BUILTIN_CHECKPOINT.joinpath("config.json").is_file():
            # It may be absent only while the shipped checkpoint is being rebuilt.
            found = layer_count(f"model {name}", BUILTIN_CHECKPOINT)
            if found != layers:
                raise ConfigError(
                    f"model {name}: source.layers",
                    f"{layers}, but the shipped checkpoint has {found} layers; type {found}",
                )


def _check_chat_template(name: str, model: Model) -> None:
    """Refuse a model without the template, where its files are known before any job."""
    match model.source:
        case LocalModel(path=path) if model.chat_template:
            check_chat_template(f"model {name}", Path(path))
        case BuiltinModel() if model.chat_template:
            check_chat_template(f"model {name}", BUILTIN_CHECKPOINT)
        case _:
            return


def _check_methods(settings: Settings, name: str, model: Model) -> None:
    """Refuse a method that is not written for a model whose type is known before any job."""
    if (folder := _folder(model)) is not None:  # else its jobs check
        _refuse_methods(settings, f"model {name}", model_type(f"model {name}", folder))


def _refuse_methods(settings: Settings, location: str, kind: str) -> None:
    for method, entry in settings.methods.items():
        if wrong := METHODS.load(entry.method).refusal(method, kind):
            raise ConfigError(location, wrong)


def _check_checkpoints(settings: Settings, order: str) -> None:
    """Check the local folders of the levels that are run; their tokenizer where the dense model's folder is known."""
    (dense,) = map(_folder, settings.models.values())
    for level, source in settings.checkpoints_run(order).items():
        if source.path is None:  # its job checks
            continue
        location, folder = f"order {order}, level {level}", Path(source.path)
        if not folder.is_dir():
            raise ConfigError(
                location,
                f"there is no folder {folder}{unexpanded(folder)}; check its path and folders.models, or type "
                "{repository: OWNER/NAME, revision: COMMIT} for a repository of the hub",
            )
        check_model_folder(location, folder, exported=True)
        if dense is not None:
            check_same_tokenizer(location, folder, dense)
        _refuse_methods(settings, location, model_type(location, folder))


def _folder(model: Model) -> Path | None:
    """The folder of a model, where it is known before any job."""
    match model.source:
        case LocalModel(path=path):
            return Path(path)
        case BuiltinModel() if BUILTIN_CHECKPOINT.joinpath("config.json").is_file():
            return BUILTIN_CHECKPOINT
        case _:  # trained, or on the hub
            return None


def _check_task(resolved: ResolvedTask, examples: Examples, training: bool) -> list[str]:
    match resolved.source:
        case BuiltinTaskSource(sizes=sizes):
            subset_counts(resolved.name, examples, sizes.evaluation, sizes.tuning)
        case HarnessTaskSource():
            if find_spec("lm_eval") is None:
                raise ConfigError(
                    f"task {resolved.name}: sources.harness",
                    "needs lm-evaluation-harness, which is not installed; type pip install -r "
                    "envs/requirements-harness.txt in the environment of keepfaith",
                )
        case LocalTaskSource() as source:
            return _check_files(resolved, source, examples, training)[1]
    return []


def expected_counts(resolved: ResolvedTask, examples: Examples) -> Counts:
    """Number of examples of each subset of a task: of a local or a built-in one exactly, of any other as expected.

    Raises:
        ConfigError: a local file cannot be used.
    """
    match resolved.source:
        case BuiltinTaskSource(sizes=sizes):
            return subset_counts(resolved.name, examples, sizes.evaluation, sizes.tuning)
        case LocalTaskSource() as source:
            return _check_files(resolved, source, examples, training=False)[0]
        case HubTaskSource(expected=expected, splits=splits):
            own = splits.tuning not in (None, splits.evaluation)
            return _expected(expected.examples, examples, own_tuning=own)
        case HarnessTaskSource(expected=expected):
            return _expected(expected.examples, examples, own_tuning=False)


def _expected(rows: int, examples: Examples, *, own_tuning: bool) -> Counts:
    """Of a task with this many rows; a tuning split of its own is taken to have all that is asked for."""
    tuning = tuning_count(examples, AUTOMATIC_TUNING if own_tuning else None)
    left = max(1, rows - (0 if own_tuning else tuning))
    wanted = examples.evaluation
    evaluation = left if wanted == "all" else min(left, wanted)
    return Counts(evaluation, min(examples.explanation, evaluation), tuning)


def _check_files(
    resolved: ResolvedTask, source: LocalTaskSource, examples: Examples, training: bool
) -> tuple[Counts, list[str]]:
    """Numbers of examples, from the files read as the jobs do; and a line per file and reason on rows left out."""
    splits = source.splits
    own_tuning = splits.tuning not in (None, splits.evaluation)
    few_shot = resolved.task.few_shot
    compared = own_tuning or few_shot is not None
    found = {splits.evaluation: _count(resolved, source, splits.evaluation, compared)}
    rows, tuning, evaluated = found[splits.evaluation], None, 0
    if own_tuning:
        tuning = found[str(splits.tuning)] = _count(resolved, source, str(splits.tuning), True)
        evaluated = sum(content in rows.contents for content in tuning.contents.elements())
    counts = subset_counts(
        resolved.name,
        examples,
        rows.rows,
        None if tuning is None else tuning.rows - evaluated,
        sum(sum(count.skipped.values()) for count in found.values()),
        evaluated,
    )
    if (training or few_shot) and splits.training and splits.training not in found:
        found[splits.training] = _count(
            resolved, source, splits.training, compared=few_shot is not None, distinct=False
        )
    if few_shot:
        pool = found[str(splits.training)].contents
        usable = sum(content not in rows.contents for content in pool.elements())
        enough_shots(resolved.name, few_shot, usable, str(splits.training))
    notes = [
        f"{path}: {left_out(count.skipped, count.rows)} (task {resolved.name})"
        for path, count in found.items()
        if count.skipped
    ]
    if tuning is not None and evaluated:
        said = evaluated_too(evaluated, tuning.rows - evaluated, splits.evaluation)
        notes.append(f"{splits.tuning}: {said} (task {resolved.name})")
    return counts, notes


class _Count(NamedTuple):
    """Rows of a file that can be examples, counts of each content if requested, and rows left out by reason."""

    rows: int
    contents: Counter[bytes]
    skipped: dict[str, int]


def _count(
    resolved: ResolvedTask,
    source: LocalTaskSource,
    path: str,
    compared: bool,
    distinct: bool = True,
) -> _Count:
    """Count the rows of a file, each read as by the jobs."""
    rows = 0
    contents: Counter[bytes] = Counter()
    skipped: Counter[str] = Counter()
    try:
        for row in read_task_rows(resolved.task, source, read_rows(path), distinct):
            if isinstance(row, Skipped):
                skipped[row.reason] += 1
                continue
            rows += 1
            if compared:
                contents[content_of(row)] += 1
    except RowError as error:
        raise ConfigError(path, f"{error} (task {resolved.name})") from error
    return _Count(rows, contents, dict(skipped))


def _check_text(settings: Settings) -> None:
    """Check that the study's local text is long enough for every order; it is read once."""
    found = None
    for name, text in settings.texts.items():
        if not isinstance(text.source, LocalText):
            continue
        found = sum(1 for _ in local_texts(text.source)) if found is None else found
        needed = text.samples * text.source.rows_per_sample
        if found < needed:
            raise ConfigError(
                text.source.path,
                f"has {found} texts, order {name} reads {needed} (samples x rows_per_sample); lower samples to "
                f"{found // text.source.rows_per_sample} or name a longer file",
            )
