"""The typed schema of everything a user may type: the study and the five kinds of catalog entries."""

from keepfaith.config.schema.imported import Import
from keepfaith.config.schema.levels import Levels
from keepfaith.config.schema.method import MethodEntry
from keepfaith.config.schema.model import (
    Architecture,
    BuiltinModel,
    HubModel,
    LocalModel,
    Model,
    Recipe,
    TrainModel,
)
from keepfaith.config.schema.order import (
    CHECKPOINT_KIND,
    Checkpoint,
    CheckpointOrder,
    Order,
)
from keepfaith.config.schema.study import Examples, Study
from keepfaith.config.schema.task import SPACE, FewShot, Task
from keepfaith.config.schema.task_source import (
    GENERATORS,
    BuiltinTaskSource,
    HarnessTaskSource,
    HubTaskSource,
    LocalTaskSource,
    SkipReason,
    TableSource,
    TableTaskSource,
    TaskSource,
)
from keepfaith.config.schema.text import (
    BuiltinText,
    CalibrationTextEntry,
    HubText,
    LocalText,
    TextSource,
)
from keepfaith.config.strict import NAME_PATTERN, Strict

__all__ = [
    "CHECKPOINT_KIND",
    "GENERATORS",
    "NAME_PATTERN",
    "SPACE",
    "Architecture",
    "BuiltinModel",
    "BuiltinTaskSource",
    "BuiltinText",
    "CalibrationTextEntry",
    "Checkpoint",
    "CheckpointOrder",
    "Examples",
    "FewShot",
    "HarnessTaskSource",
    "HubModel",
    "HubTaskSource",
    "HubText",
    "Import",
    "Levels",
    "LocalModel",
    "LocalTaskSource",
    "LocalText",
    "MethodEntry",
    "Model",
    "Order",
    "Recipe",
    "SkipReason",
    "Strict",
    "Study",
    "TableSource",
    "TableTaskSource",
    "Task",
    "TaskSource",
    "TextSource",
    "TrainModel",
]
