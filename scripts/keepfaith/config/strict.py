"""Base of all schemas: strict records, and the types of names and numbers."""

import re
from typing import Annotated, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

_T = TypeVar("_T")


class Strict(BaseModel):
    """A frozen record that refuses unknown keys; every field carries its description."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=False)


NAME_PATTERN = r"^[a-z0-9][a-z0-9_.-]*$"
"""Lower case only, so no two names differ only by case; no separator, so none leaves results/."""

_WHOLE = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


def as_number(value: object) -> object:
    """Convert text to the number it spells: Snakemake's --config gives the values inside {} as text."""
    if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
        return int(value)
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        return float(value)
    return value


typed_number = BeforeValidator(as_number)


def distinct(values: tuple[_T, ...]) -> tuple[_T, ...]:
    """The values, which must be distinct."""
    for index, value in enumerate(values):
        if value in values[:index]:
            raise ValueError(f"{value!r} is listed twice; leave one of them out")
    return values


def ascending(values: tuple[float, ...]) -> tuple[float, ...]:
    """The values, which must ascend."""
    if list(values) != sorted(values):
        raise ValueError(f"must ascend; type {sorted(values)}")
    return values


def words_or_number(*words: str) -> BeforeValidator:
    """Raise one readable error for a field that takes certain words or a whole number."""

    def check(value: object) -> object:
        value = as_number(value)
        if value in words or (type(value) is int and value >= 0):
            return value
        raise ValueError(
            f"expected {', '.join(words)} or a whole number that is not negative, got {value!r}"
        )

    return BeforeValidator(check)


REPOSITORY = r"^[A-Za-z0-9_][\w.-]*/[A-Za-z0-9_][\w.-]*$"
"""Owner and name on the hub; never readable as a path."""

Name = Annotated[str, Field(strict=True, pattern=NAME_PATTERN, max_length=80)]
FieldName = Annotated[str, Field(strict=True, pattern=r"^[a-z][a-z0-9_]*$")]
RepositoryName = Annotated[str, Field(strict=True, pattern=REPOSITORY)]
Text = Annotated[str, Field(strict=True, min_length=1)]
Count = Annotated[int, Field(strict=True, ge=0), typed_number]
Positive = Annotated[int, Field(strict=True, ge=1), typed_number]
Seed = Annotated[int, Field(strict=True, ge=0, lt=2**32), typed_number]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False), typed_number]
