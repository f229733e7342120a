"""An attribution method of the catalog."""

from pydantic import Field

from keepfaith.config.schema.base import Name, Positive, Strict, Text
from keepfaith.config.schema.study import Seeds


class Method(Strict):
    """An attribution method of the catalog."""

    description: Text = Field(description="One sentence on how it scores tokens.")
    citation: Text | None = Field(default=None, description="Where it comes from.")
    method: Name = Field(description="A method of keepfaith.attribution.methods.")
    samples_per_token: Positive = Field(
        default=3,
        description="Perturbed inputs per prompt token; for methods that sample (lime, kernelshap).",
    )
    steps: Positive = Field(
        default=20,
        description="Points of the path from baseline to prompt; for integrated_gradients.",
    )
    seeds: Seeds = Field(default=(0,), description="One run of the method per seed.")
