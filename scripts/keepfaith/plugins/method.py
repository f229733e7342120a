"""Attribution methods: what each declares about itself, and how they are found by name."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from keepfaith.plugins.registry import Registry

if TYPE_CHECKING:
    import numpy as np

    from keepfaith.config.strict import Strict

Role = Literal["method", "control"]
"""Under test, or held against those that are: see `artifacts.schemas.METHOD` and `CONTROL`."""

Scores = Callable[..., "Iterator[np.ndarray]"]
"""(problems, levels, scorer, settings, seed) -> per problem, in order: scores [levels, features].

A method that needs no model is called without the scorer: (problems, levels, settings, seed)."""


@dataclass(frozen=True)
class Passes:
    """What explaining one prompt costs, in forward passes over that prompt with its options.

    A backward pass counts as two, so that one forward and backward pass is 3.

    Attributes:
        shared: passes that one sweep serves for all levels.
        per_level: passes that every level takes by itself.
    """

    shared: float = 0.0
    per_level: float = 0.0


@dataclass(frozen=True)
class Method:
    """An attribution method, as its module declares it.

    Attributes:
        label: what it is called in figures and in the report.
        citation: where it comes from.
        role: a "control" says nothing about the model: it is never judged and has no reversed ranking, and the
            methods are held against it.
        needs_model: whether it asks the model anything; where not, its jobs load no weights and hold no GPU.
        seeded: whether it draws anything, so that another seed gives other scores.
        settings: its own settings; an entry of the catalog is checked against them, and they are handed to `scores`.
        passes: of its settings and the number of features of a prompt: what the plan counts.
        scores: the method itself, see `Scores`.
    """

    label: str
    citation: str
    role: Role
    needs_model: bool
    seeded: bool
    settings: "type[Strict]"
    passes: Callable[[Any, float], Passes]
    scores: Scores

    def __post_init__(self) -> None:
        if self.role not in get_args(Role):
            raise ValueError(f"role {self.role!r}; write {' or '.join(get_args(Role))}")


METHODS = Registry("keepfaith.attribution.methods", "METHOD", Method, "attribution method")
