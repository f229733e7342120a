"""The typed schema of everything a user may type: the study and the four kinds of catalog entries."""

from keepfaith.config.schema.base import NAME_PATTERN, Strict
from keepfaith.config.schema.imported import Import
from keepfaith.config.schema.levels import Levels
from keepfaith.config.schema.method import Method
from keepfaith.config.schema.model import (
    ArchitectureSettings,
    BuiltinModel,
    HubModel,
    LocalModel,
    Model,
    RecipeSettings,
    TrainModel,
)
from keepfaith.config.schema.order import BuiltinText, HubText, LocalText, Order, TextSource
from keepfaith.config.schema.study import Examples, Study
from keepfaith.config.schema.task import (
    GENERATORS,
    SPACE,
    BuiltinTaskSource,
    HubTaskSource,
    LocalTaskSource,
    SkipReason,
    TableSource,
    TableTaskSource,
    Task,
    TaskSource,
)

__all__ = [
    "GENERATORS",
    "NAME_PATTERN",
    "SPACE",
    "ArchitectureSettings",
    "BuiltinModel",
    "BuiltinTaskSource",
    "BuiltinText",
    "Examples",
    "HubModel",
    "HubTaskSource",
    "HubText",
    "Import",
    "Levels",
    "LocalModel",
    "LocalTaskSource",
    "LocalText",
    "Method",
    "Model",
    "Order",
    "RecipeSettings",
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
