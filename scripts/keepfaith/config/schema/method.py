"""An attribution method of the catalog."""

from typing import Any

from pydantic import Field

from keepfaith.config.schema.study import Seeds
from keepfaith.config.strict import Name, Strict, Text


class MethodEntry(Strict):
    """An attribution method of the catalog."""

    description: Text = Field(description="One sentence on how it scores tokens.")
    citation: Text | None = Field(default=None, description="Source of the method.")
    method: Name = Field(description="A method of keepfaith.attribution.methods.")
    settings: dict[str, Any] = Field(
        default={},
        description="Settings of that method, see below; its defaults apply to those left out.",
    )
    seeds: Seeds = Field(
        default=(0,),
        description="One run of the method per seed; a single seed where the method draws nothing.",
    )
