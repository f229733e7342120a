"""Resolution of a study to Settings: names looked up, sources chosen, levels counted."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from keepfaith.config.blanks import BLANK_NOT_EXPLAINED
from keepfaith.config.catalog import (
    Entry,
    overridden,
    read_entry,
    validated,
)
from keepfaith.config.draws import check_flips, check_interval
from keepfaith.config.errors import ConfigError
from keepfaith.config.levels import checkpoint_levels, levels_of
from keepfaith.config.margins import check_spreads, complete_margins
from keepfaith.config.methods import read_method
from keepfaith.config.model_folder import layer_count
from keepfaith.config.order_entries import read_orders
from keepfaith.config.places import input_problem
from keepfaith.config.rankings import order_texts
from keepfaith.config.reserved import RESERVED_MODELS
from keepfaith.config.schema import (
    BuiltinModel,
    Examples,
    HarnessTaskSource,
    HubModel,
    LocalModel,
    MethodEntry,
    Model,
    Study,
    Task,
    TrainModel,
)
from keepfaith.config.selected import (
    LOCATION,
    definition_file,
    kind_folders,
    path_below,
    require_known,
)
from keepfaith.config.settings import Settings
from keepfaith.config.subtasks import with_subtasks
from keepfaith.config.task_sources import resolved_task
from keepfaith.plugins.export_format import EXPORT_FORMATS
from keepfaith.plugins.operator import OPERATORS
from keepfaith.plugins.segment_method import SEGMENT_METHODS
from keepfaith.plugins.segment_operator import SEGMENT_OPERATORS


def load_study(raw: Mapping[str, Any], catalogs: Sequence[Path]) -> Settings:
    """Resolve a study.

    Args:
        raw: the study as read from YAML: selections and settings.
        catalogs: folders with models/, orders/, texts/, tasks/ and methods/, one YAML file per definition.
            A definition is taken from the first that has it: the user's catalog comes before the shipped one.

    Raises:
        ConfigError: one line: the location, the problem, what to type instead.
    """
    study = _with_margins(_explaining(validated(Study, dict(raw), LOCATION)))
    check_spreads(study.plan.spreads, f"{LOCATION}: plan.spreads")
    for name in study.models:
        if name in RESERVED_MODELS:
            raise ConfigError(
                f"{LOCATION}: models", f"{name!r} is a folder of the results; rename that model"
            )
    _check_imports(study)
    models = {
        name: _local_model(name, model, study)
        for name, model in _entries(Model, catalogs, study.models, "models").items()
    }
    orders, checkpoints = read_orders(
        {name: definition_file(catalogs, "orders", name) for name in study.orders},
        study.models,
        lambda path, user: path_below(study.folders.models, "models", path, user),
        LOCATION,
    )
    texts, drawn_orders = order_texts(orders, study, catalogs)
    methods = {
        name: _seeded(
            read_method([folder / "methods" for folder in catalogs], name, f"{LOCATION}: methods"),
            study,
        )
        for name in study.methods
    }
    task_entries = study.tasks
    tasks = {
        name: resolved_task(name, task, study)
        for name, task in with_subtasks(_entries(Task, catalogs, task_entries, "tasks")).items()
    }
    study = study.model_copy(update={"tasks": tuple(tasks)})
    if study.examples.explanation and not study.faithfulness.protocols:
        raise ConfigError(
            f"{LOCATION}: faithfulness.segments",
            "0 leaves nothing that explanations are judged by; type a number from 1 to 12, or protocol: study",
        )
    if study.faithfulness.segments:
        _refuse_names_of_segment_methods(study)
    for operator in study.faithfulness.operators:
        require_known(
            f"{LOCATION}: faithfulness.operators", "operator", operator, OPERATORS.names()
        )
    require_known(
        f"{LOCATION}: faithfulness.removal",
        "segment operator",
        study.faithfulness.removal,
        SEGMENT_OPERATORS.names(),
    )
    for name in study.export.formats:
        require_known(f"{LOCATION}: export.formats", "export format", name, EXPORT_FORMATS.names())
    layers = {name: _layers(name, model) for name, model in models.items()}
    levels = {
        name: levels_of(study.levels, name, count, f"{LOCATION}: levels")
        for name, count in layers.items()
        if orders
    }
    of_checkpoints = {
        name: checkpoint_levels(study.levels, name, order.levels, f"{LOCATION}: levels")
        for name, order in checkpoints.items()
    }
    settings = Settings(
        study,
        models,
        orders,
        texts,
        drawn_orders,
        tasks,
        methods,
        layers,
        levels,
        task_entries,
        checkpoints,
        of_checkpoints,
    )
    check_flips(
        f"{LOCATION}: statistics.repetitions",
        study.statistics.repetitions,
        settings.most_pruned_levels(),
        study.statistics.confidence,
    )
    for key, draws in (
        ("statistics.repetitions", study.statistics.repetitions),
        ("calibration.null_repetitions", study.calibration.null_repetitions),
    ):
        check_interval(f"{LOCATION}: {key}", draws, study.statistics.confidence)
    _check_counts(f"{LOCATION}: ", study.examples, study.report.explained_examples)
    for name, task in tasks.items():
        examples = settings.examples_of(name)
        if examples.explanation and task.task.blank:
            raise ConfigError(f"task {name}: blank", BLANK_NOT_EXPLAINED)
        shown = study.report.explained_examples if examples.explanation else 0
        _check_counts(f"task {name}: ", examples, shown)
    _check_templates(settings)
    if settings.trained_models() and not settings.training_tasks():
        raise ConfigError(
            f"{LOCATION}: models",
            f"{settings.trained_models()[0]!r} learns from training splits and no selected task has one; "
            "add a task with splits.training, or another model",
        )
    return settings


def _check_templates(settings: Settings) -> None:
    """Tasks of the harness come with their prompts as plain text, of which no template can tell the messages.

    Of a blank, the text before it would be the message of a user, which no reply continues.
    """
    asked = [name for name, model in settings.models.items() if model.chat_template]
    for name, task in settings.tasks.items():
        if asked and task.task.blank:
            raise ConfigError(
                f"task {name}: blank",
                f"cannot be put into the chat template of model {asked[0]}, as the reply would continue the user's "
                "text; leave chat_template out of that model, or leave out the task",
            )
        if asked and isinstance(task.source, HarnessTaskSource):
            raise ConfigError(
                f"task {name}: sources.harness",
                f"cannot be put into the chat template of model {asked[0]}; leave chat_template out of that model, or "
                "write the task with a prompt of its own",
            )


def overridden_definitions(settings: Settings, catalogs: Sequence[Path]) -> list[str]:
    """One line for each definition of a study that hides a different one of a later catalog."""
    study = settings.study
    names = {
        "models": study.models,
        "orders": study.orders,
        "texts": [study.text] if study.text else [],
        "tasks": settings.task_entries,
        "methods": study.methods,
    }
    return [
        note for kind in names for note in overridden(kind_folders(catalogs, kind), names[kind])
    ]


def _entries(
    schema: type[Entry], catalogs: Sequence[Path], names: tuple[str, ...], kind: str
) -> dict[str, Entry]:
    folders = kind_folders(catalogs, kind)
    return {name: read_entry(schema, folders, name, f"{LOCATION}: {kind}") for name in names}


def _explaining(study: Study) -> Study:
    """The study, without all that explains if it has no explained examples."""
    if study.examples.explanation:
        return study
    nothing = {"segments": 0, "protocol": "coalitions"}
    return study.model_copy(
        update={
            "methods": (),
            "faithfulness": study.faithfulness.model_copy(update=nothing),
            "report": study.report.model_copy(update={"explained_examples": 0}),
        }
    )


def _with_margins(study: Study) -> Study:
    margins = complete_margins(
        study.statistics.margins,
        f"{LOCATION}: statistics.margins",
        study.faithfulness.protocols,
    )
    statistics = study.statistics.model_copy(update={"margins": margins})
    return study.model_copy(update={"statistics": statistics})


def _refuse_names_of_segment_methods(study: Study) -> None:
    """Two explanations of one name would be taken for seeds of one method."""
    for name in study.methods:
        if name in SEGMENT_METHODS.names():
            raise ConfigError(
                f"{LOCATION}: methods",
                f"{name!r} is an explanation that the table of coalitions gives by itself; leave it out, or rename "
                "its file in the catalog",
            )


def _check_counts(location: str, examples: Examples, shown: int) -> None:
    if examples.evaluation != "all" and examples.explanation > examples.evaluation:
        raise ConfigError(
            f"{location}examples.explanation",
            f"{examples.explanation} explained examples are more than the {examples.evaluation} evaluation examples "
            f"they are chosen from; type at most {examples.evaluation}",
        )
    if shown > examples.explanation:
        raise ConfigError(
            f"{LOCATION}: report.explained_examples",
            f"{shown} shown examples are more than the {examples.explanation} explained "
            f"ones; type at most {examples.explanation}",
        )


def _check_imports(study: Study) -> None:
    if study.imports and study.calibration.probabilities == "token":
        raise ConfigError(
            f"{LOCATION}: calibration.probabilities",
            "logs of lm-evaluation-harness do not say how many tokens a choice has; type byte, character or sum, or "
            "leave out imports",
        )
    for name, runs in study.imports.items():
        for level, run in runs.levels.items():
            if problem := input_problem(run):
                raise ConfigError(f"{LOCATION}: imports.{name}.{level}", problem)
        check_flips(
            f"{LOCATION}: statistics.repetitions",
            study.statistics.repetitions,
            len(runs.levels) - 1,
            study.statistics.confidence,
            f"imports.{name}",
        )


def _local_model(name: str, model: Model, study: Study) -> Model:
    if not isinstance(model.source, LocalModel):
        return model
    path = path_below(study.folders.models, "models", model.source.path, f"model {name}")
    return model.model_copy(update={"source": model.source.model_copy(update={"path": path})})


def _seeded(method: MethodEntry, study: Study) -> MethodEntry:
    """The method with the study's seeds; a method with a single seed keeps it."""
    if study.seeds is None or len(method.seeds) == 1:
        return method
    return method.model_copy(update={"seeds": study.seeds})


def _layers(name: str, model: Model) -> int:
    match model.source:
        case HubModel(layers=layers) | BuiltinModel(layers=layers):
            return layers
        case TrainModel(architecture=architecture):
            return architecture.layers
        case LocalModel(path=path):
            return layer_count(f"model {name}", Path(path))
