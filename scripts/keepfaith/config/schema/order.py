"""An order of the catalog: the criterion that ranks what is dropped, and the text it looks at."""

from typing import Annotated, Literal

from pydantic import Field

from keepfaith.config.schema.base import Name, Positive, RepositoryName, Seed, Strict, Text


class _Texts(Strict):
    rows_per_sample: Positive = Field(
        default=1,
        description="Rows of the source that are joined to one sample, with a line break between them.",
    )


class HubText(_Texts):
    """Text of a data set on the hub; only the files at the head of the split are downloaded."""

    source: Literal["hub"] = Field(description="`hub`.")
    repository: RepositoryName = Field(description="Data set on the hub, owner/name.")
    config: Text | None = Field(default=None, description="Its configuration, if it has several.")
    revision: Text = Field(description="Commit of the data set.")
    split: Text = Field(default="train", description="Split that is read.")
    column: Text = Field(default="text", description="Column that holds the text.")
    buffer: Positive = Field(
        default=10000, description="Texts at the head of the split that samples are drawn from."
    )


class LocalText(_Texts):
    """Text of a local file."""

    source: Literal["local"] = Field(description="`local`.")
    path: Text = Field(
        description="File: .txt (one text a line), .jsonl, .csv or .parquet; a relative path starts at folders.data."
    )
    column: Text = Field(
        default="text", description="Column that holds the text; a .txt file has none."
    )


class BuiltinText(_Texts):
    """Text of the built-in tasks, from their training split."""

    source: Literal["builtin"] = Field(description="`builtin`.")


TextSource = HubText | LocalText | BuiltinText
CalibrationText = Annotated[HubText | LocalText | BuiltinText, Field(discriminator="source")]


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
    calibration_text: CalibrationText = Field(description="The text on which layers are ranked.")
    samples: Positive = Field(default=8, description="Texts that are read.")
    sample_tokens: Positive = Field(
        default=2048, description="Longest sample in tokens; the rest is cut."
    )
    seed: Seed = Field(default=0, description="Seed of the choice of texts, and of a random order.")
