"""What all schemas share: strictness, and the kinds of names and numbers."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Strict(BaseModel):
    """A frozen record that refuses unknown keys; every field carries its description."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=False)


NAME_PATTERN = r"^[a-z0-9][a-z0-9_.-]*$"
"""Lower case only, so no two names differ by case alone; no separator, so none leaves results/."""

Name = Annotated[str, Field(strict=True, pattern=NAME_PATTERN, max_length=80)]
FieldName = Annotated[str, Field(strict=True, pattern=r"^[a-z][a-z0-9_]*$")]
Text = Annotated[str, Field(strict=True, min_length=1)]
Count = Annotated[int, Field(strict=True, ge=0)]
Positive = Annotated[int, Field(strict=True, ge=1)]
Seed = Annotated[int, Field(strict=True, ge=0, lt=2**32)]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
