"""One line of a log, checked: a prompt, its choices, and one model's log-likelihoods.

The harness writes every number as text; `float` restores the exact number.
"""

import math
from dataclasses import dataclass
from typing import Any

from keepfaith.config.errors import shown
from keepfaith.imports.documents import DocumentPath, document_keys, document_texts, named_values
from keepfaith.imports.fields import DocumentSpan, NamedSpan, RenderedPrompt, spans_of
from keepfaith.imports.requests import Unusable, read_requests

_MOST = 1e-3
"""Upper bound of a log-likelihood: 0 (certainty) plus rounding."""

_NEEDED = ("doc_id", "target", "arguments", "filtered_resps")


@dataclass(frozen=True, kw_only=True)
class LoggedLine:
    """One line of a log.

    Attributes:
        line: its location, such as "line 3".
        document: the harness's hash of the example; empty in logs of versions without hashes.
        hashes: that hash and those of prompt and target, as combined in the results file; empty as above.
        filter: name of the harness's filter; empty as above.
        options: at least two, each with the delimiter before it, as the model saw it.
        target: as logged: an index, a choice's text, or a truth value.
        acc: whether the harness counted the answer as correct, where logged.
        log_likelihoods: summed, in nats, one per choice; finite.
        fields: texts of the document that are in the prompt; empty until the whole log is read, which determines the
            names of fields.
        outside: name and text of those that are not: texts that `passage` names, or that other lines share.
    """

    line: str
    document: str
    hashes: str
    filter: str
    prompt: str
    options: tuple[str, ...]
    target: str | int | bool
    acc: bool | None
    log_likelihoods: tuple[float, ...]
    fields: tuple[NamedSpan, ...] = ()
    outside: tuple[tuple[str, str], ...] = ()

    @property
    def predicted(self) -> int:
        """The choice with the highest log-likelihood, the first of equal ones."""
        return self.log_likelihoods.index(max(self.log_likelihoods))


@dataclass(frozen=True)
class DocumentTexts:
    """Texts of one document.

    Attributes:
        keys: document paths of all of them, and of the document's numbers.
        inside: their spans in the prompt.
        outside: comparable texts that are not in the prompt, and may be shared.
        named: whether the document has the key that `passage` names.
    """

    keys: frozenset[str]
    inside: list[DocumentSpan]
    outside: list[tuple[DocumentPath, str]]
    named: bool


def doc_id_of(row: dict[str, Any]) -> int:
    """The harness's number of an example.

    Raises:
        Unusable: the row is not that of a log, or its number is invalid.
    """
    missing = [key for key in _NEEDED if key not in row]
    if missing:
        raise Unusable(f"has no {missing[0]}; is this a log that lm_eval --log_samples wrote?")
    if type(row["doc_id"]) is not int or not 0 <= row["doc_id"] < 2**63:
        raise Unusable(f"doc_id is {shown(row['doc_id'])}, not a whole number from 0")
    return int(row["doc_id"])


def read_line(row: dict[str, Any], line: str) -> LoggedLine:
    """A row of a log, without its fields.

    Args:
        row: a row that `doc_id_of` accepts.
        line: its location.

    Raises:
        Unusable: its task is not a multiple choice over one prompt, or a value is not one that the harness writes.
    """
    asked = read_requests(row["arguments"], _mutual_information(row))
    prompt, options = asked.prompt, asked.options
    for text in (prompt, *options):
        _check_text(text)
    hashes = [_hash(row, key) for key in ("doc_hash", "prompt_hash", "target_hash")]
    return LoggedLine(
        line=line,
        document=hashes[0],
        hashes="".join(hashes) if all(hashes) else "",
        filter=_hash(row, "filter"),
        prompt=prompt,
        options=options,
        target=_target(row["target"], len(options)),
        acc=_acc(row["acc"]) if "acc" in row else None,
        log_likelihoods=_log_likelihoods(row["filtered_resps"], asked.count)[: len(options)],
    )


def read_texts(document: Any, line: LoggedLine, passage: str | None) -> DocumentTexts:
    """The texts of a line's document, with their spans in its prompt.

    Args:
        document: `doc` of the line.
        line: the line itself.
        passage: document path of a value that is always kept, text or not; `*` is any key. Or None.

    Raises:
        Unusable: a key is not text.
    """
    texts = document_texts(document)
    named = {} if passage is None else named_values(document, passage)
    keys = document_keys(document)
    for key in keys:
        _check_text(key)
    inside, outside = spans_of(texts | named, RenderedPrompt(line.prompt), line.options, passage)
    return DocumentTexts(keys, inside, outside, bool(named))


def _mutual_information(row: dict[str, Any]) -> bool:
    """Whether the task counts acc_mutual_info, for which every choice is also requested without the prompt."""
    listed = row.get("metrics")
    return "acc_mutual_info" in row or (isinstance(listed, list) and "acc_mutual_info" in listed)


def _log_likelihoods(responses: Any, options: int) -> tuple[float, ...]:
    """The sums of [[log-likelihood, whether it is the greedy continuation], ...], one per choice."""
    if not isinstance(responses, list):
        raise Unusable(f"filtered_resps are {shown(responses)}, not a list; copy the log again")
    if len(responses) != options:
        raise Unusable(f"has {len(responses)} responses to {options} choices")
    if not all(isinstance(pair, list) and len(pair) == 2 for pair in responses):
        raise Unusable(
            f"filtered_resps are {shown(responses)}, not a log-likelihood and a truth value per choice"
        )
    values = tuple(_number(value, option) for option, (value, _) in enumerate(responses))
    for option, value in enumerate(values):
        if not math.isfinite(value):
            raise Unusable(
                f"the log-likelihood of choice {option} is {value}; run that model again"
            )
        if value > _MOST:
            raise Unusable(
                f"the log-likelihood of choice {option} is {value:g}, above 0, which is impossible for the "
                "logarithm of a probability; correct its computation (a loss has the other sign) and run it again"
            )
    return values


def _number(value: Any, option: int) -> float:
    """A JSON number, or one as text. Python would also accept true and "1_0", which are refused."""
    refused = Unusable(f"the log-likelihood of choice {option} is {shown(value)}, not a number")
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise refused
    if isinstance(value, str) and ("_" in value or not value.isascii()):
        raise refused
    try:
        return float(value)
    except (ValueError, OverflowError) as error:
        raise refused from error


def _target(target: Any, options: int) -> str | int | bool:
    if isinstance(target, str | int):
        return target
    if isinstance(target, list) and len(target) == 1 and type(target[0]) is int:
        return target[0]
    raise Unusable(
        f"target {shown(target)} is none of the {options} choices (0 to {options - 1}, or one of their texts); a task "
        "without labels, or with several correct choices, cannot be imported"
    )


def _acc(value: Any) -> bool:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if number not in (0, 1):
        raise Unusable(
            f"acc is {shown(value)}, neither 0 nor 1; leave out this task, which counts accuracy in another way"
        )
    return number == 1


def _hash(row: dict[str, Any], key: str) -> str:
    value = row.get(key)
    if value is not None and not isinstance(value, str):
        raise Unusable(f"{key} is {shown(value)}, not text; copy the log again")
    return value or ""


def _check_text(text: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise Unusable(
            f"the text {shown(text[max(0, error.start - 10) : error.start + 10])} holds half a surrogate pair; correct "
            "the escape"
        ) from error
