"""JSON schema and page of options, rendered from the typed schema so that they always agree with it.

`python -m keepfaith.config.reference` writes both.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from keepfaith.artifacts.atomic import write_text
from keepfaith.config.annotations import is_record, is_typed_inline, members, tag, tag_field
from keepfaith.config.schema import (
    CalibrationTextEntry,
    CheckpointOrder,
    MethodEntry,
    Model,
    Order,
    Study,
    Task,
)
from keepfaith.plugins.criterion import CRITERIA
from keepfaith.plugins.export_format import EXPORT_FORMATS
from keepfaith.plugins.method import METHODS
from keepfaith.plugins.operator import OPERATORS
from keepfaith.plugins.quantity import judged_quantities

SCHEMA_FILE = "config/schema.json"
OPTIONS_FILE = "docs/options.md"

_INTRODUCTION = """\
<!-- Written by `python -m keepfaith.config.reference` from the typed schema; edit the descriptions there. -->
# Options

A study selects models, orders, a text, tasks and methods by the names of their files in `config/catalog/`, and holds
the settings of the run. It is `config/config.yaml`, or only the file named by `--configfile`: then nothing is taken
from `config/config.yaml`. Keys that it leaves out have the default below. With `--configfile A B`, B overrides A, and
`--config` overrides both: a list replaces the list that it overrides, keys of a block are merged one by one (`levels`
is replaced as a whole). Unknown keys are refused.

Values that are names of modules of the package:
"""

_MARGINS = "statistics.margins"
"""A mapping in the schema with the judged quantities as keys."""

_SECTIONS: tuple[tuple[str, type[BaseModel], str], ...] = (
    ("Study", Study, "`config/config.yaml` and `config/studies/*.yaml`."),
    ("Model", Model, "`config/catalog/models/<name>.yaml`."),
    ("Order", Order, "`config/catalog/orders/<name>.yaml`."),
    (
        "Order of checkpoints",
        CheckpointOrder,
        "`config/catalog/orders/<name>.yaml` as well, with `kind: checkpoints` ([checkpoints.md](checkpoints.md)).",
    ),
    ("Calibration text", CalibrationTextEntry, "`config/catalog/texts/<name>.yaml`."),
    ("Task", Task, "`config/catalog/tasks/<name>.yaml`."),
    ("Method", MethodEntry, "`config/catalog/methods/<name>.yaml`."),
)


def json_schema() -> str:
    """JSON schema of a study, and of the catalog entries under `$defs`; editors complete keys with it."""
    schema = Study.model_json_schema()
    _name_margins(schema["$defs"]["Statistics"]["properties"]["margins"])
    for kind in (Model, Order, CheckpointOrder, CalibrationTextEntry, Task, MethodEntry):
        entry = kind.model_json_schema()
        schema.setdefault("$defs", {}).update(entry.pop("$defs", {}))
        schema["$defs"][kind.__name__] = entry
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return json.dumps(schema, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def _name_margins(margins: dict[str, Any]) -> None:
    """List the judged quantities as keys of `margins`, which the typed schema knows only as names."""
    (value,) = margins.pop("patternProperties").values()
    del margins["propertyNames"]
    margins["additionalProperties"] = False
    margins["properties"] = {
        name: {**value, "default": quantity.margin, "description": quantity.tolerates}
        for name, quantity in judged_quantities().items()
    }


def options_page() -> str:
    """The page of options in Markdown."""
    lines = [_INTRODUCTION.rstrip("\n"), ""]
    lines.append(f"- pruning criteria: {', '.join(f'`{name}`' for name in CRITERIA.names())}")
    for what, cited in (
        ("attribution methods", {n: (m.label, m.citation) for n, m in METHODS.all().items()}),
        ("removal operators", {n: (o.label, o.citation) for n, o in OPERATORS.all().items()}),
    ):
        lines.append(f"- {what}:")
        lines += [f"    - `{name}`: {'; '.join(words)}" for name, words in cited.items()]
    lines.append(f"- export formats: {'; '.join(_export_formats())}")
    for title, schema, location in _SECTIONS:
        lines += ["", f"## {title}", "", location, ""]
        lines += ["| key | value | default | meaning |", "|---|---|---|---|"]
        lines += list(_rows(schema, ""))
        if schema is Order:
            lines += ["", *_criteria()]
        if schema is MethodEntry:
            lines += list(_settings_rows())
    return "\n".join(lines) + "\n"


def _export_formats() -> Iterator[str]:
    """Every export format with its purpose, and its model types where it cannot hold all."""
    for name, format in EXPORT_FORMATS.all().items():
        held = f" (of {' and '.join(format.model_types)} models)" if format.model_types else ""
        yield f"`{name}`: {format.description}{held}"


def _criteria() -> Iterator[str]:
    """The declaration of each criterion, as a table."""
    example = 32
    yield f"| criterion | name | forward passes over the calibration text to rank {example} components | reference |"
    yield "|---|---|---|---|"
    for name, criterion in CRITERIA.all().items():
        passes = f"{criterion.passes(example):g}" if criterion.reads_text else "reads none"
        yield f"| `{name}` | {criterion.label} | {passes} | {_cell(criterion.citation)} |"


def _rows(schema: type[BaseModel], prefix: str) -> Iterator[str]:
    for name, field in schema.model_fields.items():
        key = f"{prefix}<number>" if is_typed_inline(field) else f"{prefix}{name}"
        records = [m for m in members(field.annotation) if is_record(m)]
        value = _cell(_kind(field)) if len(members(field.annotation)) > len(records) else "a block"
        yield f"| `{key}` | {value} | {_default(field)} | {_cell(field.description or '')} |"
        for record in records:
            if len(records) > 1:
                summary = (record.__doc__ or "").strip().split("\n")[0]
                kind = f"`{key}.{tag_field(record)}: {tag(record)}`"
                yield f"| **{kind}** | | | **{_cell(summary)}** |"
            yield from (
                row
                for row in _rows(record, f"{key}.")
                if len(records) == 1 or not _is_tag(row, key)
            )
        for record in _named_records(field):
            yield from _rows(record, f"{key}.<name>.")
        if key == _MARGINS:
            value = _word(get_args(field.annotation)[1])
            for quantity, of in judged_quantities().items():
                default = json.dumps(of.margin)
                yield f"| `{key}.{quantity}` | {value} | `{default}` | {_cell(of.tolerates)} |"


def _settings_rows() -> Iterator[str]:
    """The settings of every attribution method, as its module declares them."""
    for name, method in METHODS.all().items():
        rows = list(_rows(method.settings, "settings."))
        summary = _cell(method.label) + ("" if rows else ": no settings")
        yield f"| **`method: {name}`** | | | **{summary}** |"
        yield from rows


def _named_records(field: FieldInfo) -> list[type[BaseModel]]:
    """The blocks under keys that the user chooses."""
    mappings = [m for m in members(field.annotation) if get_origin(m) is dict]
    return [value for m in mappings if is_record(value := get_args(m)[1])]


def _is_tag(row: str, key: str) -> bool:
    return row.startswith((f"| `{key}.kind`", f"| `{key}.source`"))


def _kind(field: FieldInfo) -> str:
    found = members(field.annotation)
    # Keys that are typed inline have a row for the value only.
    words = [_word(get_args(m)[1] if is_typed_inline(field) else m) for m in found]
    if NoneType in get_args(field.annotation):
        words.append("null")
    return " or ".join(dict.fromkeys(words)) + _limits(field.metadata)


def _limits(metadata: Iterable[Any]) -> str:
    """The bounds among an annotation's metadata, as text with a space before it."""
    signs = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
    limits = []
    for part in metadata:
        if isinstance(part, FieldInfo):
            limits.append(_limits(part.metadata).strip())
        limits += [
            f"{sign} {_number(getattr(part, name))}"
            for name, sign in signs.items()
            if hasattr(part, name)
        ]
    return " " + ", ".join(filter(None, limits)) if any(limits) else ""


def _number(bound: float) -> str:
    text = f"{bound:g}" if bound != int(bound) else str(int(bound))
    return text if bound < 2**31 else "2^32"


def _word(annotation: Any) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _word(arguments[0]) + _limits(arguments[1:])
    if origin is tuple:
        return f"list of {_word(arguments[0])}"
    if is_record(annotation):
        return "a block"
    if origin is dict:
        return f"keys with {_word(arguments[1])}"
    if arguments:
        # Values of a Literal, or members of a union.
        values = [_word(value) if _is_type(value) else f"`{value}`" for value in arguments]
        return " or ".join(dict.fromkeys(values))
    return {
        str: "text",
        int: "whole number",
        float: "number",
        bool: "true or false",
        Any: "any value",
    }.get(annotation, str(annotation))


def _is_type(value: object) -> bool:
    """Whether it is an annotation, not a value of a Literal."""
    return value is Any or isinstance(value, type) or get_origin(value) is not None


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "needed"
    if field.default_factory is not None or isinstance(field.default, BaseModel):
        return ""
    default = list(field.default) if isinstance(field.default, tuple) else field.default
    return f"`{json.dumps(default)}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def write_reference(root: Path) -> None:
    """Write both files below the project's root."""
    write_text(root / SCHEMA_FILE, json_schema())
    write_text(root / OPTIONS_FILE, options_page())


if __name__ == "__main__":
    write_reference(Path.cwd())
