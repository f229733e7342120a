"""A model of the catalog and the source of its weights."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from keepfaith.config.strict import Number, Positive, RepositoryName, Seed, Strict, Text

Above0 = Annotated[Number, Field(gt=0)]
Share = Annotated[Number, Field(ge=0, lt=1)]
ShareOrAll = Annotated[Number, Field(ge=0, le=1)]


class HubModel(Strict):
    """A model of the Hugging Face hub, downloaded once, safetensors only."""

    kind: Literal["hub"] = Field(description="`hub`.")
    repository: RepositoryName = Field(description="Name on the hub, owner/name.")
    revision: Text = Field(
        description="Commit (or tag) of the repository; a commit makes the run repeatable."
    )
    layers: Positive = Field(
        description="Its number of attention layers; needed before the download, checked after it."
    )
    billions: Above0 = Field(
        default=7.0,
        description="Its parameters in billions; used for the memory and time that jobs request, and by "
        "`snakemake plan`.",
    )


class LocalModel(Strict):
    """A folder with config.json, tokenizer.json and *.safetensors of one model."""

    kind: Literal["local"] = Field(description="`local`.")
    path: Text = Field(description="Folder; a relative path starts at folders.models.")


class BuiltinModel(Strict):
    """The small model that ships with keepfaith."""

    kind: Literal["builtin"] = Field(description="`builtin`.")
    layers: Positive = Field(default=8, description="Its number of attention layers.")


class Architecture(Strict):
    """Shape of a small Llama."""

    hidden: Positive = Field(
        default=128, description="Width of the residual stream; a multiple of 2 x heads."
    )
    intermediate: Positive = Field(default=256, description="Width of the MLP.")
    layers: Positive = Field(default=8, description="Layers, each with attention and MLP.")
    heads: Positive = Field(default=4, description="Attention heads.")
    positions: Positive = Field(default=256, description="Longest input in tokens.")
    tied: Annotated[bool, Field(strict=True)] = Field(
        default=True, description="Whether one matrix serves as input embeddings and output head."
    )

    @model_validator(mode="after")
    def _heads_divide(self) -> "Architecture":
        # Rotary positions turn pairs of dimensions, so a head needs an even width.
        unit = 2 * self.heads
        if self.hidden % unit:
            raise ValueError(
                f"hidden {self.hidden} is no multiple of 2 x heads ({unit}); type {unit * -(-self.hidden // unit)}"
            )
        return self


class Recipe(Strict):
    """Training settings; `keepfaith.training.train` documents their effects."""

    steps: Positive = Field(
        default=700, description="Steps at most; training stops early, see patience."
    )
    examples_per_step: Positive = Field(default=64, description="Examples in a step.")
    tokens_per_batch: Positive = Field(
        default=4096, description="Tokens in one forward pass of a step."
    )
    learning_rate: Above0 = Field(default=1e-3, description="Peak learning rate of AdamW.")
    final_rate: Share = Field(
        default=0.05, description="Learning rate at the end, as a share of the peak."
    )
    warmup: Share = Field(
        default=0.05, description="Share of the steps over which the learning rate rises."
    )
    weight_decay: Annotated[Number, Field(ge=0)] = Field(
        default=0.1, description="Weight decay of AdamW."
    )
    clip: Above0 = Field(default=1.0, description="Largest gradient norm.")
    prompt_loss: Annotated[Number, Field(ge=0)] = Field(
        default=0.05, description="Weight of the language-model loss per prompt token."
    )
    attention_drop: Share = Field(
        default=0.1, description="Probability that an example skips one attention layer in a step."
    )
    drop_ramp: tuple[ShareOrAll, ShareOrAll] = Field(
        default=(0.0, 0.5),
        description="Shares of the steps between which attention_drop and masked_examples grow from 0 to their values.",
    )
    word_dropout: Share = Field(
        default=0.15, description="Share of input tokens replaced by token 0."
    )
    embedding_dropout: Share = Field(
        default=0.2, description="Share of embedding entries set to zero."
    )
    masked_examples: Share = Field(
        default=0.0,
        description="Share of examples that lose a random share of their prompt to token 0; same ramp.",
    )
    evaluate_every: Positive = Field(
        default=100, description="Steps between evaluations on the held-out rows."
    )


class TrainModel(Strict):
    """A small Llama that the workflow trains on the training splits of the selected tasks.

    Training rows whose text occurs in a selected evaluation subset are dropped first.
    """

    kind: Literal["train"] = Field(description="`train`.")
    architecture: Architecture = Field(default_factory=Architecture, description="Its shape.")
    recipe: Recipe = Field(default_factory=Recipe, description="How it is trained.")
    vocabulary: Positive = Field(
        default=3000, description="Tokens of its subword tokenizer, trained on the same rows."
    )
    lower_case: Annotated[bool, Field(strict=True)] = Field(
        default=True, description="Whether its tokenizer ignores case."
    )
    held_out: Annotated[Number, Field(gt=0, lt=1)] = Field(
        default=0.05, description="Share of the training rows held out to decide when to stop."
    )
    patience: Positive = Field(
        default=4, description="Evaluations without improvement after which training stops."
    )
    seed: Seed = Field(default=0, description="Seed of the weights and of the order of examples.")


ModelSource = Annotated[
    HubModel | LocalModel | BuiltinModel | TrainModel, Field(discriminator="kind")
]


class Model(Strict):
    """A model of the catalog."""

    description: Text = Field(description="One sentence that describes it.")
    citation: Text | None = Field(default=None, description="Source of the model.")
    source: ModelSource = Field(description="Source of its weights.")
    chat_template: Annotated[bool, Field(strict=True)] = Field(
        default=False,
        description="Whether every prompt is the message of a user in the chat template of its tokenizer, and the "
        "choice follows at once (`--apply_chat_template` of lm-evaluation-harness).",
    )
    gpu: Positive = Field(
        default=1,
        description="GPUs that a job with this model requests; at least 1, as the profile's limit on GPU jobs counts "
        "them (a machine without a GPU counts its CPU as one).",
    )

    @model_validator(mode="after")
    def _no_template_of_its_own(self) -> "Model":
        if self.chat_template and isinstance(self.source, TrainModel):
            raise ValueError(
                "chat_template: a model that the workflow trains has no chat template; leave it out"
            )
        return self
