"""An order of the catalog: the criterion that ranks what is dropped. The study names the text it reads."""

from typing import Literal

from pydantic import Field, model_validator

from keepfaith.config.strict import Name, Positive, Seed, Strict, Text


class Order(Strict):
    """An order of the catalog."""

    description: Text = Field(description="One sentence on how layers are ranked.")
    citation: Text | None = Field(default=None, description="Where the criterion comes from.")
    criterion: Name = Field(description="A criterion of keepfaith.orders.")
    drop: Literal["attention", "mlp", "joint", "block"] = Field(
        default="attention",
        description="What a level drops: an attention sub-layer, an MLP sub-layer, one of either (joint), or a "
        "whole block.",
    )
    reverse: bool = Field(
        default=False, description="Drop first what the criterion would drop last: a control."
    )
    samples: Positive | None = Field(
        default=None,
        description="Samples of calibration text that are read; null: as many as the text's definition says.",
    )
    sample_tokens: Positive | None = Field(
        default=None,
        description="Longest sample in tokens, the rest is cut; null: what the text's definition says.",
    )
    seed: Seed = Field(default=0, description="Seed of the choice of texts, and of a random order.")

    @model_validator(mode="before")
    @classmethod
    def _without_text(cls, content: object) -> object:
        """An order held its text once."""
        if isinstance(content, dict) and "calibration_text" in content:
            raise ValueError(
                "calibration_text no longer stands in an order; delete it, put its keys into "
                "config/catalog/texts/NAME.yaml (under source, with kind: instead of source:) and type text: NAME in "
                "the study"
            )
        return content
