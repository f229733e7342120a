"""A task of the catalog: prompt, choices, label, and the sources its rows come from."""

import unicodedata
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from keepfaith.config.errors import nearest
from keepfaith.config.passages import NO_PASSAGE
from keepfaith.config.placeholders import placeholders
from keepfaith.config.strict import FieldName, Positive, RepositoryName, Seed, Strict, Text

SPACE = " "
"""Default text between prompt and choice."""

SkipReason = Literal["unlabelled", "equal_options", "single_option", "empty"]
"""Reasons why a row cannot become an example although the task is correct."""

GENERATORS = ("sentiment", "passage", "lookup")
"""Names of the generators of `keepfaith.tasks.builtin`; a test checks that the two lists agree."""


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


class TableSource(Strict):
    """How a row of a table becomes an example. A column may name a nested one: choices.text."""

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
    options: Text | None = Field(
        default=None,
        description="Column with the list of a row's own choices, where the task has no fixed ones.",
    )
    rationale: dict[FieldName, Text] = Field(
        default_factory=dict,
        description="Per field, the column with its rationale spans: a list of [start, end] in characters of that "
        "field, end excluded.",
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
    """Files: .jsonl, .csv or .parquet."""

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


TaskSource = HubTaskSource | LocalTaskSource | BuiltinTaskSource
TableTaskSource = HubTaskSource | LocalTaskSource


class Sources(Strict):
    """Sources of the rows; at least one."""

    builtin: BuiltinTaskSource | None = Field(default=None, description="The built-in generator.")
    hub: HubTaskSource | None = Field(default=None, description="A data set of the hub.")
    local: LocalTaskSource | None = Field(default=None, description="Local files.")

    def available(self) -> dict[str, TaskSource]:
        """The sources that the task has, in the order in which `auto` tries them."""
        sources = {"builtin": self.builtin, "hub": self.hub, "local": self.local}
        return {name: source for name, source in sources.items() if source is not None}

    @model_validator(mode="after")
    def _at_least_one(self) -> "Sources":
        if not self.available():
            raise ValueError("a task needs a source; add builtin, hub or local")
        return self


def _options(values: tuple[str, ...]) -> tuple[str, ...]:
    if len(values) < 2:
        raise ValueError(f"a task needs at least two choices, got {list(values)}; add the others")
    for index, value in enumerate(values):
        if value != value.strip():
            raise ValueError(f"choice {value!r} has white space around it; type {value.strip()!r}")
        if not value:
            raise ValueError(f"choice {index} is empty; type what the model should answer")
        if value in values[:index]:
            raise ValueError(
                f"choice {value!r} is listed twice; a label could not tell the two apart"
            )
    return values


def _distinct_names(location: str, names: tuple[str, ...]) -> None:
    known = [unicodedata.normalize("NFC", name.strip()) for name in names]
    for name in known:
        if known.count(name) > 1:
            raise ValueError(f"{location}: {name!r} is listed twice; name every choice once")


def _delimiter(value: str) -> str:
    if value.strip():
        raise ValueError(
            f'{value!r} holds more than white space; put that text at the end of the prompt, and type "", " " or '
            '"\\n" here'
        )
    return value


class Task(Strict):
    """A task of the catalog."""

    version: Positive = Field(description="Raised whenever prompt, choices or splits change.")
    description: Text = Field(description="One sentence on the question asked.")
    citation: Text | None = Field(default=None, description="Source of the data.")
    prompt: Text = Field(
        description="The text before a choice. {field} stands for a field, {{ and }} for braces. A choice "
        "follows after the delimiter; where that is one space, the prompt must not end in white space."
    )
    fields: tuple[FieldName, ...] = Field(
        min_length=1,
        description="The fields of the prompt; their characters are told apart from those of the template.",
    )
    passage: FieldName | None = Field(
        default=None,
        description="The field whose text several examples may share (a passage with several questions): such "
        "examples are drawn together for every interval and test. `none`: all examples are independent. Without it, "
        "the passage is a field with texts (20 characters or more) that several examples share, but none of which more "
        "than half of all examples share; case, blanks and forms of Unicode do not count. The report and the column "
        "`clusters` give the number of independent texts.",
    )
    options: (
        Annotated[tuple[Annotated[str, Field(strict=True)], ...], AfterValidator(_options)] | None
    ) = Field(
        None,
        description="The fixed choices, without the delimiter before them; a row's own ones are named by the source.",
    )
    delimiter: Annotated[str, Field(strict=True), AfterValidator(_delimiter)] = Field(
        default=SPACE,
        description="Text between prompt and choice (target_delimiter of lm-evaluation-harness): white space "
        'only, such as " " or "\\n", or "" for nothing, as chat templates and languages without spaces need. Unless '
        "it is one space, white space at the end of a prompt stays as it is.",
    )
    sources: Sources = Field(description="Sources of the rows.")

    @model_validator(mode="after")
    def _consistent(self) -> "Task":
        named = placeholders(self.prompt)
        for name in named:
            if name not in self.fields:
                raise ValueError(
                    f"the prompt names the field {name!r}, which is not in fields{nearest(name, self.fields)}"
                )
        for name in self.fields:
            if name not in named:
                raise ValueError(
                    f"the prompt leaves out the field {name!r}; add {{{name}}} to it or drop the field"
                )
        if self.passage not in (None, NO_PASSAGE, *self.fields):
            raise ValueError(
                f"passage: unknown field {self.passage!r}{nearest(str(self.passage), (*self.fields, NO_PASSAGE))}"
            )
        if self.delimiter == SPACE and self.prompt != self.prompt.rstrip():
            raise ValueError(
                "the prompt ends in white space, which tokenizers glue to the choice; end it without, or type "
                'delimiter: "" if the choice must follow at once, as in a chat template'
            )
        for kind, source in self.sources.available().items():
            if isinstance(source, BuiltinTaskSource):
                continue
            if (self.options is None) == (source.options is None):
                raise ValueError(
                    f"sources.{kind}.options: type either the task's choices or the column of a row's own, not "
                    + ("both" if self.options else "neither")
                )
            for key, mapping in (("columns", source.columns), ("rationale", source.rationale)):
                for name in mapping:
                    if name not in self.fields:
                        raise ValueError(
                            f"sources.{kind}.{key}: unknown field {name!r}{nearest(name, self.fields)}"
                        )
            if isinstance(source.label_names, tuple):
                _distinct_names(f"sources.{kind}.label_names", source.label_names)
            if (
                isinstance(source.label_names, tuple)
                and self.options
                and len(source.label_names) != len(self.options)
            ):
                raise ValueError(
                    f"sources.{kind}.label_names: {len(source.label_names)} names for {len(self.options)} choices; "
                    "name every choice once, in their order"
                )
        return self
