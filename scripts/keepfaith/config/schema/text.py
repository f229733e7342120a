"""A calibration text of the catalog: its source, and the amount that an order reads."""

from typing import Literal

from pydantic import Field

from keepfaith.config.strict import Positive, RepositoryName, Strict, Text


class _Texts(Strict):
    rows_per_sample: Positive = Field(
        default=1,
        description="Rows of the source that are joined into one sample, with a line break between them.",
    )


class HubText(_Texts):
    """Text of a data set on the hub; only the files at the head of the split are downloaded."""

    kind: Literal["hub"] = Field(description="`hub`.")
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

    kind: Literal["local"] = Field(description="`local`.")
    path: Text = Field(
        description="File: .txt (one text a line), .jsonl, .csv, .tsv or .parquet; a relative path starts at "
        "folders.data."
    )
    column: Text = Field(
        default="text", description="Column that holds the text; a .txt file has none."
    )


class BuiltinText(_Texts):
    """Text of the built-in tasks, from their training split."""

    kind: Literal["builtin"] = Field(description="`builtin`.")


TextSource = HubText | LocalText | BuiltinText


class CalibrationTextEntry(Strict):
    """A calibration text of the catalog."""

    description: Text = Field(description="One sentence that describes the text.")
    citation: Text | None = Field(default=None, description="Source of the text.")
    source: HubText | LocalText | BuiltinText = Field(
        discriminator="kind", description="Source of its rows."
    )
    samples: Positive = Field(
        default=8, description="Samples that an order reads unless it sets its own number."
    )
    sample_tokens: Positive = Field(
        default=2048,
        description="Longest sample in tokens unless the order sets its own; the rest is cut.",
    )
