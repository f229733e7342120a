"""An order of the catalog: the criterion that ranks the components to drop. The study names the text it reads."""

from typing import Literal

from pydantic import Field, model_validator

from keepfaith.config.strict import Name, Positive, Seed, Strict, Text


class Order(Strict):
    """An order of the catalog."""

    description: Text = Field(description="One sentence on how layers are ranked.")
    citation: Text | None = Field(default=None, description="Source of the criterion.")
    criterion: Name = Field(description="A criterion of keepfaith.orders.")
    drop: Literal["attention", "mlp", "joint", "block"] = Field(
        default="attention",
        description="Component that each level drops: an attention sub-layer, an MLP sub-layer, either (joint), or a "
        "whole block.",
    )
    reverse: bool = Field(
        default=False, description="Reverse the order of the criterion: a control."
    )
    samples: Positive | None = Field(
        default=None,
        description="Samples of calibration text that are read; null: as many as the text's definition says.",
    )
    sample_tokens: Positive | None = Field(
        default=None,
        description="Longest sample in tokens, the rest is cut; null: as the text's definition says.",
    )
    seed: Seed = Field(default=0, description="Seed of the choice of texts, and of a random order.")

    @model_validator(mode="before")
    @classmethod
    def _without_text(cls, content: object) -> object:
        """Refuse the key that earlier versions had."""
        if isinstance(content, dict) and "calibration_text" in content:
            raise ValueError(
                "calibration_text is no longer a key of an order; delete it, put its keys into "
                "config/catalog/texts/NAME.yaml (under source, with kind: instead of source:) and type text: NAME in "
                "the study"
            )
        return content
