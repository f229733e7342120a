"""Attribution methods: declaration and registry."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from keepfaith.plugins.registry import Registry

if TYPE_CHECKING:
    import numpy as np

    from keepfaith.config.strict import Strict

Role = Literal["method", "control"]
"""Under test, or compared with those that are: see `artifacts.schemas.METHOD` and `CONTROL`."""

Scores = Callable[..., "Iterator[np.ndarray]"]
"""(problems, levels, scorer, settings, seed) -> per problem, in order: scores [levels, features].

A method that needs no model is called without the scorer: (problems, levels, settings, seed)."""


@dataclass(frozen=True)
class Passes:
    """Cost of explaining one prompt, in forward passes over that prompt with its choices.

    A backward pass counts as two, so that one forward and backward pass is 3.

    Attributes:
        shared: passes that all levels share in one sweep.
        per_level: passes of each level.
        best_other: further passes that find the best other choice, where the margin of more than two is explained.
    """

    shared: float = 0.0
    per_level: float = 0.0
    best_other: "Passes | None" = None


@dataclass(frozen=True)
class Method:
    """An attribution method, as its module declares it.

    Attributes:
        label: its name in figures and in the report.
        citation: its source.
        role: a "control" is independent of the model: it is never judged, has no reversed ranking, and the methods are
            compared with it.
        needs_model: whether it calls the model; if not, its jobs load no weights and hold no GPU.
        seeded: whether it draws random numbers, so that another seed gives other scores.
        settings: type of its settings; a catalog entry is checked with it, and `scores` gets an instance.
        passes: (settings, number of features of a prompt) -> cost, which the plan counts.
        scores: the method itself, see `Scores`.
        replaces_tokens: whether it puts another token in the place of removed ones (`Problem.removed_token`); its jobs
            then name that token.
        model_types: types of model that it is written for; None stands for all.
    """

    label: str
    citation: str
    role: Role
    needs_model: bool
    seeded: bool
    settings: "type[Strict]"
    passes: Callable[[Any, float], Passes]
    scores: Scores
    replaces_tokens: bool = False
    model_types: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if self.role not in get_args(Role):
            raise ValueError(f"role {self.role!r}; write {' or '.join(get_args(Role))}")

    def refusal(self, name: str, model_type: str) -> str | None:
        """The problem in words, if the method called `name` is not written for models of a type."""
        if self.model_types is None or model_type in self.model_types:
            return None
        known = ", ".join(self.model_types)
        return (
            f"{name} is not defined for {model_type!r} models, only for {known}; leave {name} out of methods, or the "
            "model out of models"
        )


METHODS = Registry("keepfaith.attribution.methods", "METHOD", Method, "attribution method")
