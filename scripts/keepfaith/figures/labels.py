"""What methods and quantities are called on axes, in tables and in sentences, and in which unit they are."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from keepfaith.plugins.method import METHODS
from keepfaith.plugins.operator import OPERATORS

LEVEL_AXIS = "layers dropped (level)"


@dataclass(frozen=True)
class Quantity:
    """A watched quantity: its name in text, its axis label with the unit, and which direction is better."""

    name: str
    axis: str
    better: str


_QUANTITIES = {
    "accuracy": Quantity("accuracy", "accuracy\n(share of examples)", "higher"),
    "mean_confidence": Quantity("mean confidence", "mean confidence\n(probability)", "as accuracy"),
    "ece": Quantity("ECE", "ECE (probability)", "lower"),
    "brier": Quantity("Brier score", "Brier score\n(squared probability)", "lower"),
    "nll": Quantity("NLL", "NLL (nats)", "lower"),
    "comprehensiveness": Quantity(
        "comprehensiveness", "comprehensiveness\n(drop of probability)", "higher"
    ),
    "sufficiency": Quantity("sufficiency", "sufficiency\n(drop of probability)", "lower"),
    "evidence_recall": Quantity("evidence recall", "evidence recall\n(share of tokens)", "higher"),
    "overlap": Quantity("top-token overlap", "overlap (share of top tokens)", "higher"),
}

_AGGREGATES = {"study": "the study's aggregate", "eraser": "ERASER's mean"}

_COMPONENTS = {"attention": "attention", "mlp": "MLP", "block": "block"}


Path = tuple[str, str]
"""Model and order."""


def path_names(paths: Sequence[Path]) -> dict[Path, str]:
    """What tells paths apart: where all have the same model, the order alone, and the other way round."""
    models, orders = ({path[part] for path in paths} for part in (0, 1))
    if len(models) == 1 and len(orders) > 1:
        return {path: path[1] for path in paths}
    if len(orders) == 1 and len(models) > 1:
        return {path: path[0] for path in paths}
    return {path: ", ".join(path) for path in paths}


def wrapped(text: str, letters: int = 27) -> str:
    """Text in lines of at most `letters` letters: a panel's title that stays above its panel."""
    return "\n".join(textwrap.wrap(text, letters))


def component_name(component: str) -> str:
    """What of a layer is dropped, in words."""
    return _COMPONENTS.get(component, component)


def layer_name(component: str, layer: int) -> str:
    """`attention 5`: what is dropped, and of which layer."""
    return f"{component_name(component)} {layer}"


def method_name(method: str | None) -> str:
    """The label of the method; a name that is no module's stays as it is."""
    return METHODS.load(method).label if method in METHODS.names() else method or ""


def control_name(control: str) -> str:
    """A control's own name with its role, so that no reader takes it for a method under test."""
    return f"{control} (control)"


def operator_name(operator: str | None) -> str:
    """What an operator does, in words."""
    return OPERATORS.load(operator).label if operator in OPERATORS.names() else operator or ""


def quantity(metric: str) -> Quantity:
    """The quantity behind a metric's name; `comprehensiveness_study` names its aggregate in brackets."""
    if metric in _QUANTITIES:
        return _QUANTITIES[metric]
    stem, _, aggregate = metric.rpartition("_")
    if stem in _QUANTITIES and aggregate in _AGGREGATES:
        base = _QUANTITIES[stem]
        return Quantity(f"{base.name} ({_AGGREGATES[aggregate]})", base.axis, base.better)
    words = metric.replace("_", " ")
    return Quantity(words, words, "")


def quantity_name(metric: str, method: str | None = None) -> str:
    """`comprehensiveness (KernelSHAP)`, or the bare name where no method is involved."""
    name = quantity(metric).name
    return f"{name} ({method_name(method)})" if method else name
