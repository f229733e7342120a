"""Names of methods and quantities, with units, on axes, in tables and in sentences."""

import textwrap
from collections.abc import Sequence

from keepfaith.plugins.method import METHODS
from keepfaith.plugins.operator import OPERATORS
from keepfaith.plugins.quantity import QUANTITIES, Quantity
from keepfaith.plugins.segment_method import SEGMENT_METHODS

LEVEL_AXIS = "layers dropped (level)"


_COMPONENTS = {"attention": "attention", "mlp": "MLP", "block": "block"}


Path = tuple[str, str]
"""Model and order."""


def path_names(paths: Sequence[Path]) -> dict[Path, str]:
    """Names that distinguish pruning paths: only the order if all have the same model, and vice versa."""
    models, orders = ({path[part] for path in paths} for part in (0, 1))
    if len(models) == 1 and len(orders) > 1:
        return {path: path[1] for path in paths}
    if len(orders) == 1 and len(models) > 1:
        return {path: path[0] for path in paths}
    return {path: ", ".join(path) for path in paths}


def wrapped(text: str, letters: int = 27) -> str:
    """Text in lines of at most `letters` letters: a panel's title that is not wider than its panel."""
    return "\n".join(textwrap.wrap(text, letters))


def component_name(component: str) -> str:
    """Dropped component of a layer, in words."""
    return _COMPONENTS.get(component, component)


def layer_name(component: str, layer: int) -> str:
    """`attention 5`: dropped component and its layer."""
    return f"{component_name(component)} {layer}"


def method_name(method: str | None) -> str:
    """The label of the method; a name that is no module's stays as it is."""
    if method in METHODS.names():
        return METHODS.load(method).label
    if method in SEGMENT_METHODS.names():
        return SEGMENT_METHODS.load(method).label
    return method or ""


def control_name(control: str) -> str:
    """A control's name with its role, so that it is not mistaken for a method under test."""
    return f"{control} (control)"


def operator_name(operator: str | None) -> str:
    """Label of an operator."""
    return OPERATORS.load(operator).label if operator in OPERATORS.names() else operator or ""


def quantity(name: str) -> Quantity:
    """The quantity of this name, or the one with METRICS rows of this name.

    Raises:
        ValueError: there is none.
    """
    found = QUANTITIES.all()
    of_metric = {each.metric: own for own, each in found.items()}
    return QUANTITIES.load(name if name in found else of_metric.get(name, name))


def metric_name(metric: str) -> str:
    """The label of the quantity of a METRICS row, or the row's metric in words."""
    labels = {each.metric: each.label for each in QUANTITIES.all().values()}
    return labels.get(metric, metric.replace("_", " "))


def quantity_name(name: str, method: str | None = None) -> str:
    """`comprehensiveness (KernelSHAP)`, or only the label without a method."""
    label = QUANTITIES.load(name).label
    return f"{label} ({method_name(method)})" if method else label
