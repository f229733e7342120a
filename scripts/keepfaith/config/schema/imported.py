"""Imported runs of lm-evaluation-harness: one per level, and the key of the documents that holds the passage."""

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from keepfaith.config.passages import NO_PASSAGE
from keepfaith.config.strict import Count, Strict, Text, as_number


def _runs(levels: dict[int, str]) -> dict[int, str]:
    if 0 not in levels:
        raise ValueError(
            "level 0, the dense model's run, is missing; add it as 0: FOLDER (all levels are compared with it)"
        )
    seen: dict[str, int] = {}
    for level, run in levels.items():
        if run in seen:
            raise ValueError(
                f"levels {seen[run]} and {level} both read {run!r}; correct one of them"
            )
        seen[run] = level
    return dict(sorted(levels.items()))


def _lower_none(value: object) -> object:
    """`None` and `NONE` as `none`: nobody means a key of that name."""
    return NO_PASSAGE if isinstance(value, str) and value.strip().lower() == NO_PASSAGE else value


Runs = Annotated[dict[Count, Text], AfterValidator(_runs)]


class Import(Strict):
    """Runs with logged samples. Levels stand beside the other keys: `{0: FOLDER, 4: FOLDER, passage: KEY}`."""

    levels: Runs = Field(
        description="Folder of the run (or one log) of that level, 0 being the dense model.",
        json_schema_extra={"typed_inline": True},
    )
    passage: Annotated[Text | None, BeforeValidator(_lower_none)] = Field(
        default=None,
        description="Key of the logged documents that holds the text several examples are about, such as `passage` of "
        "BoolQ (`a.b` for b within a, `a.*.b` for b within any element or key of a): examples with the same text or "
        "number are resampled together. `none`: all examples are independent. By default: found from the texts.",
    )

    @model_validator(mode="before")
    @classmethod
    def _with_levels(cls, typed: Any) -> Any:
        """Gather the keys that are numbers under `levels`."""
        if not isinstance(typed, dict):
            return typed
        if "levels" in typed:
            _check_numbers(typed["levels"])
            return typed
        levels = {key: value for key, value in typed.items() if _is_number(key)}
        _check_numbers(levels)
        others = {str(key): value for key, value in typed.items() if not _is_number(key)}
        return {"levels": levels, **others}

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """The keys as they are typed."""
        schema = handler.resolve_ref_schema(handler(core_schema))
        properties = schema["properties"]
        run = properties.pop("levels")["additionalProperties"]
        schema["patternProperties"] = {"^[0-9]+$": run}
        schema.pop("required", None)
        return schema


def _check_numbers(levels: object) -> None:
    """Refuse numbers with a leading zero: YAML reads 010 as 8 and 008 as a text, so two runs could get the same level.

    `4` and `"4"` are the same level: `--config` gives keys as text, and they replace those of the file. Both in one
    file are refused when it is read.
    """
    for key in levels if isinstance(levels, dict) else ():
        number = as_number(key)
        if isinstance(key, str) and isinstance(number, int) and key != str(number):
            raise ValueError(f"the level {key!r} is not a plain number; type {number}")


def _is_number(key: object) -> bool:
    return not isinstance(key, bool) and isinstance(as_number(key), int | float)
