"""Size of a model and a task before either is loaded: from the catalog, a folder's files, or an architecture."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from keepfaith.artifacts.frames import count_parquet_rows
from keepfaith.config.counts import AUTOMATIC_TUNING
from keepfaith.config.files import read_rows
from keepfaith.config.rows import TaskRow, read_task_rows
from keepfaith.config.schema import (
    BuiltinModel,
    BuiltinTaskSource,
    BuiltinText,
    HarnessTaskSource,
    HubModel,
    HubTaskSource,
    HubText,
    LocalModel,
    LocalText,
    Model,
    TableTaskSource,
    TrainModel,
)
from keepfaith.config.settings import OrderText, ResolvedTask
from keepfaith.config.shipped import BUILTIN_CHECKPOINT
from keepfaith.config.texts import local_texts
from keepfaith.config.weights import weight_size

CHARACTERS_PER_TOKEN = 4.2
"""For English text and a vocabulary of 32,000 or more; a character-level tokenizer makes four times as many tokens."""

READ_ROWS = 200
"""Rows of a local file from which the mean length of a prompt or of a calibration sample is taken."""

BUILTIN_TOKENS = 40
"""Mean tokens of a prompt, or of a calibration sample, of the built-in tasks."""

OWN_OPTIONS = 4
"""Mean number of choices where every example has its own."""

ASSUMED_VOCABULARY = 2048
"""Upper bound for a model that the workflow trains."""

WEIGHT_BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}


@dataclass(frozen=True)
class ModelShape:
    """A model's size: parameters, layers, and its longest input in tokens where that is known before it is loaded."""

    parameters: float
    layers: int
    longest: int | None = None

    def weight_bytes(self, dtype: str) -> float:
        """Bytes of its weights in memory."""
        return self.parameters * WEIGHT_BYTES[dtype]


@dataclass(frozen=True)
class TaskShape:
    """A task's size: rows of its evaluation split, tokens of a prompt on average, choices of an example.

    `shots`: number of solved examples before every prompt, as long as a prompt each. All prompts share them, so that
    they cost only where a method removes tokens of the whole prompt.

    `tuning_rows`: rows of a tuning split of its own, None without one; of a split on the hub, the number that `auto`
    takes.
    """

    rows: int
    tokens: float
    options: int
    tuning_rows: int | None = None
    shots: int = 0

    @property
    def prompt_tokens(self) -> float:
        """Tokens of a prompt with its solved examples."""
        return self.tokens * (1 + self.shots)


def model_shape(model: Model, layers: int) -> ModelShape:
    """The size of a model of the catalog."""
    match model.source:
        case HubModel(billions=billions):
            return ModelShape(billions * 1e9, layers)
        case LocalModel(path=path):
            return ModelShape(weight_size(Path(path))[0], layers)
        case BuiltinModel():
            return ModelShape(weight_size(BUILTIN_CHECKPOINT)[0], layers)
        case TrainModel(architecture=shape):
            per_layer = 4 * shape.hidden**2 + 3 * shape.hidden * shape.intermediate
            embeddings = ASSUMED_VOCABULARY * shape.hidden * (1 if shape.tied else 2)
            return ModelShape(shape.layers * per_layer + embeddings, layers, shape.positions)


def task_shape(resolved: ResolvedTask) -> TaskShape:
    """The size of a task with the source that the study reads.

    Raises:
        ConfigError, RowError: a local file cannot be read.
    """
    few_shot = resolved.task.few_shot
    return replace(_own_shape(resolved), shots=few_shot.examples if few_shot else 0)


def _own_shape(resolved: ResolvedTask) -> TaskShape:
    """The size of a task without solved examples."""
    options = len(resolved.task.options or ()) or OWN_OPTIONS
    match resolved.source:
        case HubTaskSource(expected=expected) as source:
            tuning = AUTOMATIC_TUNING if _tuning_split(source) else None
            return TaskShape(expected.examples, expected.tokens, options, tuning)
        case HarnessTaskSource(expected=expected):
            return TaskShape(expected.examples, expected.tokens, OWN_OPTIONS)
        case BuiltinTaskSource(sizes=sizes):
            return TaskShape(sizes.evaluation, BUILTIN_TOKENS, options, sizes.tuning)
        case source:
            path = source.splits.evaluation
            table = islice(read_task_rows(resolved.task, source, read_rows(path)), READ_ROWS)
            rows = [row for row in table if isinstance(row, TaskRow)]
            fixed = len(resolved.task.prompt)
            mean = _mean(fixed + sum(map(len, row.fields.values())) for row in rows)
            tokens = math.ceil(mean / CHARACTERS_PER_TOKEN)
            own = _tuning_split(source)
            return TaskShape(_rows(Path(path)), tokens, options, _rows(Path(own)) if own else None)


def sample_tokens(text: OrderText, model: ModelShape) -> float:
    """Tokens of a calibration sample on average: of text on the hub, the most that a sample may have.

    Raises:
        ConfigError: a local file cannot be read.
    """
    rows = text.source.rows_per_sample
    longest = min(text.sample_tokens, model.longest or text.sample_tokens)
    match text.source:
        case BuiltinText():
            return min(longest, rows * BUILTIN_TOKENS)
        case LocalText() as source:
            whole = rows * max(1, READ_ROWS // rows)  # no sample of fewer rows
            lengths = list(map(len, islice(local_texts(source), whole)))
            samples = (lengths[start : start + rows] for start in range(0, len(lengths), rows))
            return _mean(min(longest, sum(sample) / CHARACTERS_PER_TOKEN) for sample in samples)
        case HubText():
            return longest


def _tuning_split(source: TableTaskSource) -> str | None:
    """The tuning split, if it is another than the evaluation split."""
    splits = source.splits
    return None if splits.tuning == splits.evaluation else splits.tuning


def _rows(path: Path) -> int:
    """Rows of a file, by its lines or its metadata; not parsed, since a plan must be quick."""
    if path.suffix == ".parquet":
        return count_parquet_rows(path)
    with path.open("rb") as handle:
        return sum(block.count(b"\n") for block in iter(lambda: handle.read(1 << 20), b""))


def _mean(values: Iterable[float]) -> float:
    listed = list(values)
    return sum(listed) / max(1, len(listed))
