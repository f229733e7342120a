"""Inspection of the annotations of the schema, for messages and for the page of options."""

from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo


def members(annotation: Any) -> list[Any]:
    """The alternatives of an annotation, without Annotated and None around them."""
    if get_origin(annotation) is Annotated:
        return members(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return [m for part in get_args(annotation) if part is not type(None) for m in members(part)]
    return [annotation]


def is_record(annotation: Any) -> bool:
    """Whether an annotation is a block of keys."""
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def is_typed_inline(field: FieldInfo) -> bool:
    """Whether a field's keys are typed beside the record's other keys, instead of below a key of the field."""
    extra = field.json_schema_extra
    return isinstance(extra, dict) and bool(extra.get("typed_inline"))


def tag_field(record: Any) -> str | None:
    """The key by which a union of blocks identifies this one, or None."""
    if not is_record(record):
        return None
    return next((name for name in ("kind", "source") if _is_word(record, name)), None)


def tag(record: Any) -> object:
    """The value of that key, or None."""
    name = tag_field(record)
    return None if name is None else get_args(record.model_fields[name].annotation)[0]


def _is_word(record: type[BaseModel], name: str) -> bool:
    field = record.model_fields.get(name)
    return field is not None and get_origin(field.annotation) is Literal
