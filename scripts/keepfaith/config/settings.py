"""A resolved study: every name looked up. The workflow passes slices of it to the rules."""

from dataclasses import dataclass, field
from pathlib import Path

from pydantic import Field, field_validator

from keepfaith.config.model_files import model_files
from keepfaith.config.same_files import with_one_spelling
from keepfaith.config.schema import (
    BuiltinText,
    Checkpoint,
    CheckpointOrder,
    Examples,
    HubText,
    LocalModel,
    LocalTaskSource,
    LocalText,
    MethodEntry,
    Model,
    Order,
    Strict,
    Study,
    Task,
    TrainModel,
)
from keepfaith.config.schema.task_source import (
    BuiltinTaskSource,
    HarnessTaskSource,
    HubTaskSource,
    TaskSource,
)
from keepfaith.config.strict import Name, Positive, Seed


class ResolvedTask(Strict):
    """A task with the source that this study reads; paths start at the working directory."""

    name: Name = Field(description="Name of the task.")
    task: Task = Field(description="Its definition.")
    source: HubTaskSource | LocalTaskSource | BuiltinTaskSource | HarnessTaskSource = Field(
        discriminator="kind", description="The source that is read."
    )

    @field_validator("source")
    @classmethod
    def _one_spelling(cls, source: TaskSource) -> TaskSource:
        """Give splits of the same file the same path, wherever a task is made."""
        return with_one_spelling("task", source) if isinstance(source, LocalTaskSource) else source

    def files(self) -> list[str]:
        """The local files that its examples come from, or that define it; none for other sources."""
        if isinstance(self.source, HarnessTaskSource) and self.source.include_path:
            below = Path(self.source.include_path)
            return sorted(
                str(file) for ending in ("yaml", "py") for file in below.rglob(f"*.{ending}")
            )
        if not isinstance(self.source, LocalTaskSource):
            return []
        shots = self.source.splits.training if self.task.few_shot else None
        splits = (self.source.splits.evaluation, self.source.splits.tuning, shots)
        return list(dict.fromkeys(split for split in splits if split))

    def training_file(self) -> str | None:
        """The local training file of `train` models, if any."""
        return self.source.splits.training if isinstance(self.source, LocalTaskSource) else None

    def trains(self) -> bool:
        """Whether `train` models learn from the task: its source has training examples, and prompts without a blank."""
        if self.task.blank:
            return False
        match self.source:
            case BuiltinTaskSource():
                return True
            case HarnessTaskSource():
                return False
            case source:
                return source.splits.training is not None


class OrderText(Strict):
    """The calibration text that one order is ranked on."""

    source: HubText | LocalText | BuiltinText = Field(
        discriminator="kind", description="Source of its rows."
    )
    samples: Positive = Field(description="Samples that are read.")
    sample_tokens: Positive = Field(description="Longest sample in tokens; the rest is cut.")
    seed: Seed = Field(description="Seed of the choice of rows.")
    citation: str | None = Field(default=None, description="Source of the text.")


@dataclass(frozen=True)
class Settings:
    """One study, resolved.

    Attributes:
        study: selections and settings as typed, with the defaults.
        models: by name; paths of local models start at the working directory.
        orders: those that a criterion ranks, by name.
        texts: calibration text of every order whose criterion reads any; its path starts at the working directory.
        drawn_orders: orders that depend on a seed, as they read text or draw random numbers.
        tasks: by name, each with its chosen source.
        methods: by name.
        layers: attention layers per model.
        task_entries: the entries of the catalog that the tasks come from; a group gives several tasks.
        levels: the levels that these orders run, per model; empty without such an order. Ascending, the dense one
            first, not always one layer apart.
        checkpoints: the orders whose levels are models of their own, by name; paths start at the working directory.
        checkpoint_levels: the levels that each of these runs: ascending, the dense one first.
    """

    study: Study
    models: dict[str, Model]
    orders: dict[str, Order]
    texts: dict[str, OrderText]
    drawn_orders: tuple[str, ...]
    tasks: dict[str, ResolvedTask]
    methods: dict[str, MethodEntry]
    layers: dict[str, int]
    levels: dict[str, tuple[int, ...]]
    task_entries: tuple[str, ...]
    checkpoints: dict[str, CheckpointOrder] = field(default_factory=dict)
    checkpoint_levels: dict[str, tuple[int, ...]] = field(default_factory=dict)

    def levels_of(self, model: str, order: str) -> tuple[int, ...]:
        """The levels that are run of a model and an order: ascending, the dense one first."""
        return self.checkpoint_levels.get(order) or self.levels[model]

    def most_pruned_levels(self) -> int:
        """The most levels beside the dense one that any model and order runs."""
        return max(map(len, [*self.levels.values(), *self.checkpoint_levels.values()])) - 1

    def checkpoint_files(self, order: str) -> list[str]:
        """The files of the local folders of the levels that are run; empty for an order that a criterion ranks."""
        if order not in self.checkpoints:
            return []
        folders = [source.path for source in self.checkpoints_run(order).values()]
        return [str(path) for folder in folders if folder for path in model_files(Path(folder))]

    def checkpoints_run(self, order: str) -> dict[int, Checkpoint]:
        """The checkpoints of the levels that are run, without the dense model."""
        sources = self.checkpoints[order].levels
        return {level: sources[level] for level in self.checkpoint_levels[order] if level}

    def examples_of(self, task: str) -> Examples:
        """Number and selection of the examples of a task: its own numbers, else the study's."""
        own = self.tasks[task].task.examples.model_dump(exclude_none=True)
        if not self.study.examples.explanation:  # a study that explains nothing
            own.pop("explanation", None)
        return self.study.examples.model_copy(update=own)

    def training_tasks(self) -> list[str]:
        """The selected tasks with training examples for `train` models, in the order of the selection."""
        return [name for name, task in self.tasks.items() if task.trains()]

    def trained_models(self) -> list[str]:
        """The selected models that the workflow trains."""
        return [name for name, model in self.models.items() if isinstance(model.source, TrainModel)]

    def training_files(self) -> list[str]:
        """Local training files of `train` models."""
        return [path for task in self.tasks.values() if (path := task.training_file())]

    def model_files(self, model: str) -> list[str]:
        """The files of a local model's folder; empty for other models."""
        source = self.models[model].source
        return (
            list(map(str, model_files(Path(source.path)))) if isinstance(source, LocalModel) else []
        )

    def text_files(self, order: str) -> list[str]:
        """The local file of an order's calibration text; empty for others."""
        text = self.texts.get(order)
        return [text.source.path] if text and isinstance(text.source, LocalText) else []


def below(folder: str | None, path: str) -> str | None:
    """`path` relative to the working directory; None for a relative path without its folder."""
    if Path(path).is_absolute():
        return path
    return None if folder is None else str(Path(folder) / path)


__all__ = ["OrderText", "ResolvedTask", "Settings", "TaskSource", "below"]
