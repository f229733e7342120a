"""Conversion of a pydantic error to one sentence: the key, the fault, what to type instead."""

from collections.abc import Sequence
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from keepfaith.config.annotations import is_record, is_typed_inline, members, tag
from keepfaith.config.errors import ConfigError, nearest, shown
from keepfaith.config.strict import as_number

_WORDS = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "tuple_type": "a list",
    "dict_type": "keys with values",
    "model_type": "keys with values",
}


def config_error(
    schema: type[BaseModel], error: ValidationError, location: str, above: Sequence[str] = ()
) -> ConfigError:
    """The first fault as a ConfigError; an unknown key has priority, as it often explains a missing one.

    `above`: the keys of `location` that lead to the record.
    """
    faults = error.errors(include_url=False)
    fault = next((fault for fault in faults if fault["type"] == "extra_forbidden"), faults[0])
    steps = fault["loc"]
    if fault["type"] == "extra_forbidden":
        keys, owner, _ = _locate(schema, steps[:-1])
        fields = owner.model_fields if owner else {}
        known = [name for name, found in fields.items() if not is_typed_inline(found)]
        return ConfigError(
            _at(location, [*above, *keys]),
            f"unknown key {steps[-1]!r}{nearest(steps[-1], known)}",
        )
    keys, _, field = _locate(schema, steps)
    return ConfigError(_at(location, [*above, *keys]), _problem(fault, field))


def _at(location: str, keys: Sequence[str]) -> str:
    return f"{location}: {'.'.join(keys)}" if keys else location


def _problem(fault: ErrorDetails, field: FieldInfo | None) -> str:
    kind, given, context = fault["type"], fault["input"], fault.get("ctx", {})
    means = f" ({field.description.rstrip('.')})" if field and field.description else ""
    match kind:
        case "missing":
            return f"missing; add it{means}"
        case "value_error":
            return str(context["error"])
        case "literal_error":
            expected = str(context["expected"]).replace(" or ", ", ")
            names = [word.strip(" '") for word in expected.split(",")]
            return f"{shown(given)} is not known{nearest(given, names)}"
        case "union_tag_not_found":
            kinds = ", ".join(
                str(tag(choice)) for choice in members(field.annotation if field else None)
            )
            return f"needs {context['discriminator']}, one of {kinds}; add it{means}"
        case "union_tag_invalid":
            names = [word.strip(" '") for word in str(context["expected_tags"]).split(",")]
            key = context["discriminator"].strip("'")
            return f"{key} {shown(context['tag'])} is not known{nearest(context['tag'], names)}"
        case "string_pattern_mismatch":
            return f"{shown(given)} is no name; {_pattern(str(context['pattern']))}"
        case "too_short" | "string_too_short":
            return f"must not be empty; type at least one{means}"
        case "string_too_long":
            return f"{shown(given)} is too long; type at most {context['max_length']} characters"
        case "greater_than_equal":
            return f"must be at least {context['ge']}, got {shown(given)}; type {context['ge']} or more"
        case "greater_than":
            return f"must be above {context['gt']}, got {shown(given)}{means}"
        case "less_than_equal":
            advice = _share(given, context["le"]) or f"; type {context['le']} or less"
            return f"must be at most {context['le']}, got {shown(given)}{advice}{means}"
        case "less_than":
            return f"must be below {context['lt']}, got {shown(given)}{_share(given, context['lt'])}{means}"
        case _ if kind in _WORDS:
            return f"expected {_WORDS[kind]}, got {shown(given)}{_hint(kind, given)}{means}"
        case _:
            return f"{fault['msg']}, got {shown(given)}{means}"


def _share(given: object, limit: float) -> str:
    """Advice for a share that was typed in percent; empty where percent cannot be meant."""
    number = as_number(given)
    if limit > 2 or not isinstance(number, int | float) or not 0 < number / 100 < limit:
        return ""
    return f"; type {number / 100:g} for {number:g} percent"


def _hint(kind: str, given: object) -> str:
    if kind == "float_type" and isinstance(given, str) and given.strip().endswith("%"):
        number = as_number(given.strip().removesuffix("%"))
        if isinstance(number, int | float):
            return f"; type {number / 100:g}"
    if kind == "string_type" and isinstance(given, bool):
        return "; put quotes around it, YAML reads a bare yes, no, on, off as true or false"
    if kind == "string_type" and not isinstance(given, dict | list | None):
        return f"; put quotes around it: '{given}'"
    if kind == "tuple_type" and isinstance(given, str | int | float):
        return f"; type [{given}]"
    if kind == "float_type" and isinstance(given, str):
        return "; type a plain number such as 0.001 or 1.0e-3"
    return ""


def _pattern(pattern: str) -> str:
    if "/" in pattern:
        return "type owner/name"
    if "." in pattern:
        return "type lower-case letters, digits and _ . - only, a letter or digit first"
    return "type lower-case letters, digits and _ only, a letter first"


def _locate(
    schema: type[BaseModel], steps: Sequence[int | str]
) -> tuple[list[str], type[BaseModel] | None, FieldInfo | None]:
    """The keys on the way to a fault, the record they lead to, and the last field.

    `steps`, which pydantic calls loc, also contains the tags of unions; these are left out.
    """
    keys: list[str] = []
    current: Any = schema
    field: FieldInfo | None = None
    for part in steps:
        if part == "[key]":  # pydantic's mark after a key of a mapping that is itself at fault
            continue
        choices = members(current)
        record = next(filter(is_record, choices), None)
        if len(choices) > 1 and (tagged := next((c for c in choices if tag(c) == part), None)):
            current = tagged
        elif record is not None and part in record.model_fields:
            field = record.model_fields[str(part)]
            if not is_typed_inline(field):
                keys.append(str(part))
            current = field.annotation
        elif isinstance(part, int) or any(get_origin(choice) is dict for choice in choices):
            keys.append(str(part))
            inner = next((choice for choice in choices if get_args(choice)), None)
            current = get_args(inner)[-1 if get_origin(inner) is dict else 0] if inner else None
    return keys, next(filter(is_record, members(current)), None), field
