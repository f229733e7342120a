"""A model of the catalog: where its weights come from."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from keepfaith.config.schema.base import Count, Number, Positive, Seed, Strict, Text


class HubModel(Strict):
    """A model of the Hugging Face hub, downloaded once, safetensors only."""

    kind: Literal["hub"] = Field(description="`hub`.")
    repository: Annotated[str, Field(strict=True, pattern=r"^[\w.-]+/[\w.-]+$")] = Field(
        description="Repository on the hub, owner/name."
    )
    revision: Text = Field(
        description="Commit (or tag) of the repository; a commit makes the run repeatable."
    )
    layers: Positive = Field(
        description="Its number of attention layers; needed before the download, checked after it."
    )


class LocalModel(Strict):
    """A folder with config.json, a tokenizer and *.safetensors."""

    kind: Literal["local"] = Field(description="`local`.")
    path: Text = Field(description="Folder; a relative path starts at folders.models.")


class BuiltinModel(Strict):
    """The small model that ships with keepfaith."""

    kind: Literal["builtin"] = Field(description="`builtin`.")
    layers: Positive = Field(default=8, description="Its number of attention layers.")


class Architecture(Strict):
    """A small Llama."""

    layers: Positive = Field(default=8, description="Attention layers.")
    hidden_size: Positive = Field(
        default=128, description="Width of the residual stream; a multiple of heads."
    )
    heads: Positive = Field(default=4, description="Attention heads.")
    intermediate_size: Positive = Field(default=352, description="Width of the MLP.")
    vocabulary: Positive = Field(
        default=2048, description="Tokens of the subword tokenizer, trained on the same text."
    )
    context: Positive = Field(default=512, description="Longest input in tokens.")

    @model_validator(mode="after")
    def _heads_divide(self) -> "Architecture":
        # Rotary positions turn pairs of dimensions, so a head needs an even width.
        if self.hidden_size % (2 * self.heads):
            raise ValueError(
                f"hidden_size {self.hidden_size} is no multiple of 2 x heads ({2 * self.heads}); "
                f"type {2 * self.heads * max(1, round(self.hidden_size / (2 * self.heads)))}"
            )
        return self


class Training(Strict):
    """How it is trained."""

    epochs: Positive = Field(default=4, description="Passes over the training examples.")
    batch_size: Positive = Field(default=32, description="Examples in a step.")
    learning_rate: Annotated[Number, Field(gt=0)] = Field(
        default=1e-3, description="Peak learning rate of AdamW."
    )
    weight_decay: Annotated[Number, Field(ge=0)] = Field(
        default=0.1, description="Weight decay of AdamW."
    )
    dropout: Annotated[Number, Field(ge=0, lt=1)] = Field(
        default=0.0, description="Dropout of attention weights."
    )
    warmup_steps: Count = Field(
        default=100, description="Steps over which the learning rate rises."
    )


class TrainModel(Strict):
    """A small Llama that the workflow trains on the training splits of the selected tasks."""

    kind: Literal["train"] = Field(description="`train`.")
    architecture: Architecture = Field(default_factory=Architecture, description="Its shape.")
    training: Training = Field(default_factory=Training, description="How it is trained.")
    seed: Seed = Field(default=0, description="Seed of the weights and of the order of examples.")


ModelSource = Annotated[
    HubModel | LocalModel | BuiltinModel | TrainModel, Field(discriminator="kind")
]


class Model(Strict):
    """A model of the catalog."""

    description: Text = Field(description="One sentence on what it is.")
    source: ModelSource = Field(description="Where its weights come from.")
    gpu: Positive = Field(
        default=1,
        description="GPUs that a job with this model asks for; at least 1, the profile's cap on GPU jobs counts "
        "them (a machine without one counts its CPU as one).",
    )
