"""Sources of a task's rows, and how a row of a table becomes an example."""

from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    field_validator,
    model_validator,
)

from keepfaith.config.strict import (
    Count,
    FieldName,
    Number,
    Positive,
    RepositoryName,
    Seed,
    Strict,
    Text,
    distinct,
)

SkipReason = Literal["unlabelled", "equal_options", "single_option", "empty"]
"""Reasons why a row cannot become an example although the task is correct."""

GENERATORS = ("sentiment", "passage", "lookup")
"""Names of the generators of `keepfaith.tasks.builtin`; a test checks that the two lists agree."""


ColumnValue = StrictStr | StrictBool | StrictInt | StrictFloat
"""A value of a column, as YAML reads it."""


class Splits(Strict):
    """The split of the source for each subset of examples."""

    evaluation: Text = Field(
        description="Split (or file) of the evaluation and explanation examples."
    )
    tuning: Text | None = Field(
        default=None,
        description="Split (or file) of the tuning examples; without one there are none, unless "
        "`examples.tuning` is a number, which then comes from the evaluation split, disjoint from the rest.",
    )
    training: Text | None = Field(
        default=None,
        description="Split (or file) that `train` models learn from; tuning examples are left out of it.",
    )

    @model_validator(mode="after")
    def _never_train_on_evaluation(self) -> "Splits":
        if self.training == self.evaluation:
            raise ValueError(
                f"training and evaluation are the same split {self.evaluation!r}; name another for training, or none"
            )
        return self


class Rationale(Strict):
    """The rationale of a field; the column alone may be typed where it holds spans."""

    column: Text = Field(description="Its column.")
    form: Literal["spans", "flags"] = Field(
        default="spans",
        description="`spans`: a list of [start, end] in characters of the field, end excluded. `flags`: 0 or 1 for "
        "each word of the field, as split at white space; the field itself may then be the list of its words.",
    )
    share: Annotated[Number, Field(gt=0, le=1)] | None = Field(
        default=None,
        description="The column holds a list with the rationale of every annotator; the characters that at least this "
        "share of them marked count.",
    )


def _column_alone(value: object) -> object:
    return {"column": value} if isinstance(value, str) else value


class TableSource(Strict):
    """How a row of a table becomes an example.

    A column may name a nested one, `choices.text`, or an element of a list, counted from 0: `choices.0`.
    """

    columns: dict[FieldName, Text] = Field(
        default_factory=dict, description="Column of every field whose column has another name."
    )
    id: Text | None = Field(
        default=None, description="Column that names an example; without one the row number does."
    )
    label: Text = Field(
        default="label", description="Column of the label: a choice's number from 0, or its name."
    )
    label_names: Text | tuple[Text, ...] | None = Field(
        default=None,
        description="How the label column names the choices, in their order: a list, or the column that holds "
        "that list (for lettered answers). Without it the label is a number.",
    )
    label_map: dict[str, Count] | None = Field(
        default=None,
        description="Number of the choice, from 0, for each value of the label column, where several values mean the "
        "same choice: `{very negative: 0, negative: 0, positive: 1, very positive: 1}`. Instead of label_names.",
    )
    only: dict[Text, tuple[ColumnValue, ...]] = Field(
        default_factory=dict,
        description="Rows to keep: column and the values it may have, `{subject: [history, law]}`. All others are left "
        "out, and counted as not_selected.",
    )
    options: Text | tuple[Text, ...] | None = Field(
        default=None,
        description="Where the task has no fixed choices: the column with the list of a row's own, or a list of "
        "columns with one choice each.",
    )
    rationale: dict[FieldName, Annotated[Rationale, BeforeValidator(_column_alone)]] = Field(
        default_factory=dict,
        description="Per field, where its rationale is: the column with spans, or a block. A row whose value is null "
        "has no known rationale.",
    )
    skip: tuple[SkipReason, ...] = Field(
        default=(),
        description="Rows to leave out, and to count, instead of refusing them: `unlabelled` (the label is missing, "
        "null, NaN, blank, - or -1), `equal_options`, `single_option`, `empty` (a field, a choice or another column "
        "that is read is missing, null or blank). The other rows keep their numbers.",
    )

    @model_validator(mode="before")
    @classmethod
    def _former_key(cls, content: object) -> object:
        """`evidence` is the former name of `rationale`."""
        if isinstance(content, dict) and "evidence" in content:
            raise ValueError(
                "the key evidence is now called rationale; type rationale: instead of evidence:"
            )
        return content

    @field_validator("label_map", mode="before")
    @classmethod
    def _values_as_text(cls, content: object) -> object:
        """YAML reads 0 and true as no text, and the label column of a file may hold any of these."""
        return (
            {str(key): value for key, value in content.items()}
            if isinstance(content, dict)
            else content
        )

    @model_validator(mode="after")
    def _one_way_to_name_a_label(self) -> "TableSource":
        if self.label_map is not None and self.label_names is not None:
            raise ValueError(
                "label_map and label_names both say which choice a label means; leave one of them out"
            )
        if self.label_map == {}:
            raise ValueError("label_map is empty; name at least one value of the label column")
        for column, values in self.only.items():
            if not values:
                raise ValueError(
                    f"only.{column}: no value is named, so no row would be left; add one"
                )
        return self

    @field_validator("options")
    @classmethod
    def _a_column_per_choice(cls, columns: str | tuple[str, ...] | None) -> object:
        if not isinstance(columns, tuple):
            return columns
        if len(columns) < 2:
            raise ValueError(
                f"a list has a column for each choice, at least two, got {list(columns)}; for one column with the "
                "list of all choices, type its name alone"
            )
        return distinct(columns)

    @field_validator("skip")
    @classmethod
    def _each_once(cls, values: tuple[SkipReason, ...]) -> tuple[SkipReason, ...]:
        for index, value in enumerate(values):
            if value in values[:index]:
                raise ValueError(f"{value!r} is listed twice; leave one")
        return values


class Expected(Strict):
    """Expected size of a data set before any of it is read."""

    examples: Positive = Field(default=1000, description="Rows of the evaluation split.")
    tokens: Positive = Field(default=100, description="Tokens of a prompt, on average.")


class HubTaskSource(TableSource):
    """A data set of the Hugging Face hub."""

    kind: Literal["hub"] = Field(default="hub", description="`hub`; need not be typed.")
    repository: RepositoryName = Field(description="Data set on the hub, owner/name.")
    config: Text | None = Field(default=None, description="Its configuration, if it has several.")
    revision: Text = Field(description="Commit of the data set; makes the run repeatable.")
    splits: Splits = Field(description="The split for each subset.")
    expected: Expected = Field(
        default_factory=Expected,
        description="Its size, used for plans and requests only: no result depends on it.",
    )


class LocalTaskSource(TableSource):
    """Files: .jsonl, .csv, .tsv or .parquet."""

    kind: Literal["local"] = Field(default="local", description="`local`; need not be typed.")
    splits: Splits = Field(
        description="The file for each subset; a relative path starts at folders.data."
    )


class Sizes(Strict):
    """Number of examples that the generator writes for each subset."""

    evaluation: Positive = Field(
        default=2000, description="Examples that the evaluation examples are chosen from."
    )
    tuning: Positive = Field(
        default=500, description="Examples that the tuning examples are chosen from."
    )
    training: Positive = Field(default=20000, description="Training examples.")


class BuiltinTaskSource(Strict):
    """A generator of keepfaith.tasks.builtin; its rationale and exact posterior are known."""

    kind: Literal["builtin"] = Field(default="builtin", description="`builtin`; need not be typed.")
    generator: Literal["sentiment", "passage", "lookup"] = Field(
        description="A generator of keepfaith.tasks.builtin."
    )
    sizes: Sizes = Field(default_factory=Sizes, description="Number of examples written.")
    seed: Seed = Field(default=0, description="Seed of the generator.")


class HarnessTaskSource(Strict):
    """A multiple-choice task of lm-evaluation-harness: its documents, contexts, continuations and solved examples."""

    kind: Literal["harness"] = Field(default="harness", description="`harness`; need not be typed.")
    task: Text = Field(description="Its name there; with `subtasks`, that of a group or a tag.")
    subtasks: Annotated[tuple[Text, ...], AfterValidator(distinct)] = Field(
        default=(),
        description="Tasks of the group, with or without its name before them: `task: mmlu` and `subtasks: "
        "[abstract_algebra, anatomy]`. Each is a task of the study, with results of its own.",
    )
    include_path: Text | None = Field(
        default=None,
        description="Folder with YAML files of your own (`--include_path`); a relative path starts at folders.data.",
    )
    num_fewshot: Count | None = Field(
        default=None,
        description="Solved examples before every prompt, instead of the task's number.",
    )
    overrides: dict[Text, Any] = Field(
        default_factory=dict,
        description="Keys of its YAML with other values, such as `{dataset_path: json}`.",
    )
    allow_code: Annotated[bool, Field(strict=True)] = Field(
        default=False,
        description="Whether functions (`!function`) of YAML files of your own may run; those of the installed harness "
        "always may.",
    )
    expected: Expected = Field(
        default_factory=Expected,
        description="Its size, used for plans and requests only: no result depends on it.",
    )


TaskSource = HubTaskSource | LocalTaskSource | BuiltinTaskSource | HarnessTaskSource
TableTaskSource = HubTaskSource | LocalTaskSource


class Sources(Strict):
    """Sources of the rows; at least one."""

    builtin: BuiltinTaskSource | None = Field(default=None, description="The built-in generator.")
    hub: HubTaskSource | None = Field(default=None, description="A data set of the hub.")
    local: LocalTaskSource | None = Field(default=None, description="Local files.")
    harness: HarnessTaskSource | None = Field(
        default=None,
        description="A task of lm-evaluation-harness, which also gives prompt, fields and choices; no other source "
        "may stand beside it.",
    )

    def available(self) -> dict[str, TaskSource]:
        """The sources that the task has, in the order in which `auto` tries them."""
        sources = {
            "builtin": self.builtin,
            "hub": self.hub,
            "local": self.local,
            "harness": self.harness,
        }
        return {name: source for name, source in sources.items() if source is not None}

    @model_validator(mode="after")
    def _at_least_one(self) -> "Sources":
        if not self.available():
            raise ValueError("a task needs a source; add builtin, hub or local")
        if self.harness and len(self.available()) > 1:
            raise ValueError(
                "harness stands alone, as it also gives prompt and choices; leave the other sources out"
            )
        return self
