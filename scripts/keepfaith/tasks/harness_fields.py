"""Fields of a harness task's prompts: texts of the document that its template shows as they stand."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from keepfaith.config.passages import is_blank

if TYPE_CHECKING:
    from lm_eval.api.task import ConfigurableTask

WHOLE_PROMPT = "context"
"""The field of a prompt of which no part can be told apart."""

_BEGIN, _END = "\ue000", "\ue001"
"""Characters for private use around the number of a marked text, and after it."""

_MARKED = re.compile(rf"{_BEGIN}(\d+){_BEGIN}([^{_BEGIN}{_END}]*){_END}")


def row_template(
    task: "ConfigurableTask", doc: Mapping[str, Any], context: str
) -> tuple[str, dict[str, str]]:
    """A template of `config.placeholders` and its fields, which give `context` when rendered.

    Description and solved examples are the template's. So is all text of the document's own prompt but the texts of its
    columns, which are found by rendering it with marks around them. Where that gives another prompt, or there are none,
    the document's prompt is one field.

    Args:
        task: the task.
        doc: a document.
        context: all that comes before a choice.
    """
    own = task.doc_to_text(doc)
    if not isinstance(own, str) or not own or not context.endswith(own):
        return f"{{{WHOLE_PROMPT}}}", {WHOLE_PROMPT: context}
    before = literal(context.removesuffix(own))
    found = _marked_fields(task, doc, own)
    if found is None:
        return f"{before}{{{WHOLE_PROMPT}}}", {WHOLE_PROMPT: own}
    template, fields = found
    return before + template, fields


def _marked_fields(
    task: "ConfigurableTask", doc: Mapping[str, Any], own: str
) -> tuple[str, dict[str, str]] | None:
    names = [
        key
        for key, text in doc.items()
        if isinstance(text, str) and not is_blank(text) and not {_BEGIN, _END} & set(text)
    ]
    marked = {
        **doc,
        **{key: f"{_BEGIN}{n}{_BEGIN}{doc[key]}{_END}" for n, key in enumerate(names)},
    }
    try:
        rendered = task.doc_to_text(marked)
    except Exception:  # a function of the task may not take such a text
        return None
    if not isinstance(rendered, str) or _MARKED.sub(r"\2", rendered) != own:
        return None
    template, end = "", 0
    fields: dict[str, str] = {}
    for match in _MARKED.finditer(rendered):
        name = _field_name(names[int(match[1])], fields, match[2])
        template += literal(rendered[end : match.start()]) + f"{{{name}}}"
        fields[name] = match[2]
        end = match.end()
    return (template + literal(rendered[end:]), fields) if fields else None


def _field_name(column: str, fields: Mapping[str, str], text: str) -> str:
    """The column as the name of a field; another text of the same column gets a number."""
    plain = re.sub(r"[^a-z0-9_]+", "_", column.lower()).lstrip("_0123456789") or WHOLE_PROMPT
    names = [plain, *(f"{plain}_{n}" for n in range(2, len(fields) + 3))]
    return next(name for name in names if fields.get(name, text) == text)


def literal(text: str) -> str:
    """Text of a template in which braces have no meaning."""
    return text.replace("{", "{{").replace("}", "}}")
