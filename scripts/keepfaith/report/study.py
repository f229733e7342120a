"""What the report says about the study itself: selections, settings, packages, files to download."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

from keepfaith.artifacts.provenance import package_versions
from keepfaith.config.levels import level_words
from keepfaith.config.settings import Settings


@dataclass(frozen=True)
class StudyDescription:
    """What was run, as names with facts about them; facts are shown in the order given.

    `downloads` maps a label to an address relative to the page, such as `../summary/metrics.csv`. `logged`: whether the
    numbers come from the logs of another tool, whose examples no setting here chooses.
    """

    logged: ClassVar[bool] = False
    name: str
    models: Mapping[str, Mapping[str, object]]
    orders: Mapping[str, Mapping[str, object]]
    tasks: Mapping[str, Mapping[str, object]]
    methods: Mapping[str, Mapping[str, object]]
    settings: Mapping[str, object]
    packages: Mapping[str, str] = field(default_factory=package_versions)
    downloads: Mapping[str, str] = field(default_factory=dict)

    def groups(self) -> Sequence[tuple[str, Mapping[str, Mapping[str, object]]]]:
        """Models, orders, tasks and methods with their headings; those that the study has."""
        every = (
            ("Models", self.models),
            ("Pruning orders", self.orders),
            ("Tasks", self.tasks),
            ("Attribution methods", self.methods),
        )
        return [(heading, entries) for heading, entries in every if entries]


def describe(settings: Settings, downloads: Mapping[str, str] | None = None) -> StudyDescription:
    """The description of a resolved study."""
    study = settings.study.model_dump(mode="json")
    selections = ("name", "models", "orders", "tasks", "methods", "imports")
    models = {
        name: (
            {"levels": f"{level_words(settings.levels[name])} of {settings.layers[name]} layers"}
            if name in settings.levels
            else {}
        )
        | facts(entry.model_dump(mode="json", exclude={"gpu"}))
        for name, entry in settings.models.items()
    }
    # A task lists every possible source; only the chosen one was read.
    tasks = {
        name: facts(entry.task.model_dump(mode="json", exclude={"sources"}))
        | {"delimiter": repr(entry.task.delimiter)}
        | facts({"source": entry.source.model_dump(mode="json")})
        for name, entry in settings.tasks.items()
    }
    return StudyDescription(
        name=settings.study.name,
        models=models,
        orders={
            name: facts(entry.model_dump(mode="json", exclude={"samples", "sample_tokens"}))
            | (facts({"text": text.model_dump(mode="json")}) if text else {})
            for name, entry in settings.orders.items()
            for text in [settings.texts.get(name)]
        }
        | {name: _checkpoint_facts(settings, name) for name in settings.checkpoints},
        tasks=tasks,
        methods={
            name: facts(entry.model_dump(mode="json")) for name, entry in settings.methods.items()
        },
        settings=facts({key: value for key, value in study.items() if key not in selections}),
        downloads=downloads or {},
    )


def _checkpoint_facts(settings: Settings, order: str) -> dict[str, object]:
    """What the page says of an order of checkpoints: each level with its label and source."""
    entry = settings.checkpoints[order]
    levels = {
        f"level {level}": facts(source.model_dump(mode="json", exclude={"label"}))
        | {"label": source.name}
        for level, source in settings.checkpoints_run(order).items()
    }
    return facts(entry.model_dump(mode="json", exclude={"levels"}) | levels)


def with_skipped(
    description: StudyDescription, skipped: Mapping[str, Mapping[str, Mapping[str, int]]]
) -> StudyDescription:
    """The description with the rows that each task left out: by task, subset and reason, as in the EXAMPLES tables."""
    tasks = {
        name: {**described, **facts({"rows left out": skipped.get(name, {})})}
        for name, described in description.tasks.items()
    }
    return replace(description, tasks=tasks)


def facts(entry: Mapping[str, object], prefix: str = "") -> dict[str, object]:
    """A nested entry as flat `outer inner` facts, without unset ones."""
    flat: dict[str, object] = {}
    for key, value in entry.items():
        name = f"{prefix}{key}".replace("_", " ")
        if isinstance(value, Mapping):
            flat.update(facts(value, f"{name} "))
        elif isinstance(value, list | tuple):
            flat[name] = ", ".join(map(str, value))
        elif value is not None and value != "":
            flat[name] = value
    return {name: value for name, value in flat.items() if value != ""}
