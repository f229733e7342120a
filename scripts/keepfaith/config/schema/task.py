"""A task of the catalog: prompt, choices, label, and the sources its rows come from."""

import unicodedata
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from keepfaith.config.errors import nearest
from keepfaith.config.passages import NO_PASSAGE
from keepfaith.config.placeholders import near_miss, placeholders
from keepfaith.config.schema.task_source import Sources, TableSource
from keepfaith.config.strict import (
    Count,
    FieldName,
    Positive,
    Seed,
    Strict,
    Text,
    as_number,
    words_or_number,
)

SPACE = " "
"""Default text between prompt and choice."""


def _options(values: tuple[str, ...]) -> tuple[str, ...]:
    if len(values) < 2:
        raise ValueError(f"a task needs at least two choices, got {list(values)}; add the others")
    for index, value in enumerate(values):
        if not value.strip():
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


HARNESS_GIVES = {"prompt": "{context}", "fields": ("context",), "delimiter": ""}
"""What stands in a task of the harness for its own prompt, of which the job knows the fields."""


class TaskExamples(Strict):
    """Numbers of examples that a task needs; what is left out is the study's."""

    evaluation: Annotated[Literal["all"] | Positive, words_or_number("all")] | None = Field(
        default=None, description="As in the study."
    )
    explanation: Count | None = Field(
        default=None,
        description="As in the study; fewer for long texts, 0 for none.",
    )
    tuning: Annotated[Literal["auto"] | Count, words_or_number("auto")] | None = Field(
        default=None, description="As in the study."
    )


class FewShot(Strict):
    """Solved training examples before every prompt; the number alone may be typed."""

    examples: Positive = Field(description="Number of solved examples.")
    choose: Literal["first", "random"] = Field(
        default="first",
        description="The first of the training split (sampler first_n of lm-evaluation-harness), or drawn at random.",
    )
    seed: Seed = Field(default=0, description="Seed of `random`.")
    separator: Annotated[str, Field(strict=True)] = Field(
        default="\n\n",
        description="Text after each solved example (fewshot_delimiter of lm-evaluation-harness).",
    )


def _number_of_shots(value: object) -> object:
    value = as_number(value)
    return {"examples": value} if isinstance(value, int) and not isinstance(value, bool) else value


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
        "than half of all examples share; or a name in `columns` of the sources, "
        "for a column outside of the prompt. Case, blanks and forms of Unicode do not count. The report and the column "
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
    blank: Text | None = Field(
        default=None,
        description="Mark of the blank that a choice fills, such as `_`: it occurs once in every prompt, in a field or "
        "in the template. Each choice then has a prompt of its own, the text up to the blank and the choice, and the "
        "text after the blank is scored (partial evaluation, as of Winogrande). Such a task is not explained.",
    )
    examples: TaskExamples = Field(
        default_factory=TaskExamples,
        description="Numbers of examples of this task, instead of those of the study.",
    )
    few_shot: Annotated[FewShot, BeforeValidator(_number_of_shots)] | None = Field(
        default=None,
        description="Solved examples of the training split before every prompt: a number, or a block. The same for all "
        "prompts; none of them is evaluated or tuned on.",
    )
    sources: Sources = Field(description="Sources of the rows.")

    @model_validator(mode="before")
    @classmethod
    def _prompt_of_the_harness(cls, content: object) -> object:
        """A harness task gives its own prompts and choices; here they have one field, and nothing is put between."""
        if not isinstance(content, dict) or not isinstance(content.get("sources"), dict):
            return content
        if content["sources"].get("harness") is None:
            return content
        for key, given in HARNESS_GIVES.items():
            if content.get(key) not in (None, given, list(given)):
                raise ValueError(
                    f"{key}: sources.harness gives it; leave {key} out, or set it by sources.harness.overrides"
                )
        if content.get("options") is not None:
            raise ValueError("options: sources.harness gives the choices; leave options out")
        if content.get("blank") is not None:
            raise ValueError(
                "blank: sources.harness gives the prompt of each choice; leave blank out"
            )
        if content.get("few_shot") is not None:
            raise ValueError("few_shot: type num_fewshot in sources.harness instead")
        return {**content, **HARNESS_GIVES}

    @property
    def passage_in_prompt(self) -> bool:
        """Whether the passage is a field of the prompt, is to be found among them, or does not exist."""
        return self.passage in (None, NO_PASSAGE, *self.fields)

    def _outside_columns(self) -> set[str]:
        """Names in `columns` of every table source beside those of fields: what a passage may be."""
        named = [
            set(source.columns)
            for source in self.sources.available().values()
            if isinstance(source, TableSource)
        ]
        if self.sources.harness:
            return {str(self.passage)}
        return set.intersection(*named) if named else set()

    @model_validator(mode="after")
    def _consistent(self) -> "Task":
        named = placeholders(self.prompt)
        if wrong := near_miss(self.prompt, self.fields):
            raise ValueError(wrong)
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
        if not self.passage_in_prompt and self.passage not in self._outside_columns():
            known = nearest(str(self.passage), (*self.fields, NO_PASSAGE))
            raise ValueError(
                f"passage: unknown field {self.passage!r}{known}; name "
                f"its column in every source where it is no field of the prompt: columns: {{{self.passage}: COLUMN}}"
            )
        if self.delimiter == SPACE and self.prompt != self.prompt.rstrip():
            raise ValueError(
                "the prompt ends in white space, which tokenizers glue to the choice; end it without, or type "
                'delimiter: "" if the choice must follow at once, as in a chat template'
            )
        for value in self.options or ():
            if self.delimiter and value != value.strip():
                raise ValueError(
                    f'choice {value!r} has white space around it; type {value.strip()!r}, or delimiter: "" if the '
                    "choices spell all the white space themselves"
                )
        self._check_blank()
        for kind, source in self.sources.available().items():
            if not isinstance(source, TableSource):
                continue
            if (self.options is None) == (source.options is None):
                raise ValueError(
                    f"sources.{kind}.options: type either the task's choices or the column of a row's own, not "
                    + ("both" if self.options else "neither")
                )
            for key, mapping in (("columns", source.columns), ("rationale", source.rationale)):
                for name in mapping:
                    if name not in (*self.fields, *([self.passage] if key == "columns" else [])):
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

    def _check_blank(self) -> None:
        if self.blank is None:
            return
        if self.delimiter != SPACE:
            raise ValueError(
                "delimiter: with a blank, the text after it is scored as it stands, white space included; leave "
                "delimiter or blank out"
            )
        if self.sources.builtin:
            raise ValueError(
                "blank: the built-in generators write prompts without a blank; leave blank out"
            )
        for kind, source in self.sources.available().items():
            if isinstance(source, TableSource) and source.rationale:
                raise ValueError(
                    f"sources.{kind}.rationale: a task with a blank is not explained, so that nothing compares an "
                    "explanation with a rationale; leave rationale out"
                )
