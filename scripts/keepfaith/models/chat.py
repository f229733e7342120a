"""Prompts as the message of a user in a model's chat template, with the spans of their fields and rationales."""

from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Any

import polars as pl
from transformers import PreTrainedTokenizerBase
from transformers.utils import chat_template_utils

from keepfaith.artifacts.schemas import EXAMPLES
from keepfaith.models.errors import one_line

_SENTINEL = "KEEPFAITH-PROMPT"
"""A text that no template contains; what stands around it is the template's."""


class _OneDay(datetime):
    """Today, for templates that ask: else tasks and runs of different days would have different prompts.

    It is the day that templates of Llama 3 name where there is no clock.
    """

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> "_OneDay":
        return cls(2024, 7, 26, tzinfo=tz)


class ChatTemplateError(Exception):
    """A chat template cannot be used: one sentence."""


def with_chat_template(
    examples: pl.DataFrame, tokenizer: PreTrainedTokenizerBase, delimiter: str
) -> pl.DataFrame:
    """EXAMPLES whose prompts are the message of a user, and the beginning of the reply.

    As with `--apply_chat_template` of lm-evaluation-harness, choices follow without a delimiter, and solved examples
    are in the same message.

    Args:
        examples: EXAMPLES.
        tokenizer: has the template.
        delimiter: the white space with which every choice of the table begins.

    Raises:
        ChatTemplateError: there is no template, it cannot be applied, or it changes the text of a message other than by
            removing white space around it.
    """
    around = _around(tokenizer)
    rows = [
        _in_template(row, tokenizer, around, delimiter) for row in examples.iter_rows(named=True)
    ]
    return pl.DataFrame(rows, schema=dict(EXAMPLES.columns))


def _around(tokenizer: PreTrainedTokenizerBase) -> tuple[str, str]:
    """The template's text before and after a message."""
    before, found, after = _rendered(tokenizer, _SENTINEL).partition(_SENTINEL)
    if not found or _SENTINEL in after:
        raise ChatTemplateError(
            "the chat template does not contain the message of a user exactly once; leave chat_template out"
        )
    return before, after


def _rendered(tokenizer: PreTrainedTokenizerBase, message: str) -> str:
    if not tokenizer.chat_template:
        raise ChatTemplateError(
            "the tokenizer has no chat template; leave chat_template out, or name the chat version of the model"
        )
    # Transformers has no argument for it: a template's own arguments may be no functions.
    clock, chat_template_utils.datetime = chat_template_utils.datetime, _OneDay  # type: ignore[attr-defined]
    try:
        found = tokenizer.apply_chat_template(
            [{"role": "user", "content": message}], tokenize=False, add_generation_prompt=True
        )
    except Exception as error:  # a template is a program of its own
        raise ChatTemplateError(
            f"the chat template cannot be applied ({one_line(error)}); leave chat_template out"
        ) from error
    finally:
        chat_template_utils.datetime = clock  # type: ignore[attr-defined]
    return str(found)


def _in_template(
    row: Mapping[str, Any],
    tokenizer: PreTrainedTokenizerBase,
    around: tuple[str, str],
    delimiter: str,
) -> dict[str, Any]:
    before, after = around
    prompt = row["prompt"]
    rendered = _rendered(tokenizer, prompt)
    kept = next(
        (text for text in (prompt, prompt.strip()) if rendered == before + text + after), None
    )
    if kept is None:
        raise ChatTemplateError(
            f"example {row['example_id']}: the chat template changes the text of its prompt; leave chat_template out"
        )
    lost = prompt.index(kept)
    first, last = len(before), len(before) + len(kept)

    def moved(span: Mapping[str, Any]) -> dict[str, Any]:
        ends = {key: min(max(span[key] + first - lost, first), last) for key in ("start", "end")}
        return {**span, **ends}

    return {
        **row,
        "prompt": rendered,
        "fields": [moved(field) for field in row["fields"]],
        "options": [option.removeprefix(delimiter) for option in row["options"]],
        "rationale": row["rationale"] and [moved(span) for span in row["rationale"]],
    }
