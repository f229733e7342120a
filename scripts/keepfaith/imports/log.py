"""One log of lm-evaluation-harness: the examples of a multiple-choice task, and what one model said about them.

The harness writes every number as text; `float` gives back the very number it had.
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keepfaith.config.errors import ConfigError, shown
from keepfaith.config.files import read_rows
from keepfaith.imports.runs import task_and_date

SHORTEST_PASSAGE = 20
"""Characters; a shorter text, such as a topic or a source, may stand in prompts that have nothing in common."""


@dataclass(frozen=True)
class LoggedExample:
    """One example of a log.

    Attributes:
        line: where it stands, such as "line 3".
        document: the harness's hash of the example; empty in logs of versions that wrote none.
        passage: characters (start, end) of the longest text of the document that stands in the prompt, or None where
            all are short.
        log_likelihoods: summed, in nats, one per option.
    """

    line: str
    document: str
    prompt: str
    options: tuple[str, ...]
    label: int
    passage: tuple[int, int] | None
    log_likelihoods: tuple[float, ...]


def read_log(path: Path) -> dict[int, LoggedExample]:
    """The examples of a log by the harness's `doc_id`, in the order of the file.

    Raises:
        ConfigError: it is truncated, is of a task that is no multiple choice over one prompt, names an example twice,
            or holds a label or a log-likelihood that is none; with the line.
    """
    examples: dict[int, LoggedExample] = {}
    for line, row in read_rows(path):
        try:
            doc_id = _doc_id(row)
            if doc_id in examples:
                raise _Unusable(f"doc_id {doc_id} stands in {examples[doc_id].line} already")
            examples[doc_id] = _example(row, line)
        except _Unusable as error:
            raise ConfigError(path, f"{line}: {error}") from error
    _check_count(path, len(examples))
    return examples


class _Unusable(Exception):
    """What is wrong with one line."""


def _doc_id(row: dict[str, Any]) -> int:
    missing = [key for key in ("doc_id", "target", "arguments", "filtered_resps") if key not in row]
    if missing:
        raise _Unusable(f"has no {missing[0]}; is this a log that lm_eval --log_samples wrote?")
    if type(row["doc_id"]) is not int:
        raise _Unusable(f"doc_id is {shown(row['doc_id'])}, no whole number")
    return int(row["doc_id"])


def _example(row: dict[str, Any], line: str) -> LoggedExample:
    prompt, options = _prompt_and_options(row["arguments"])
    log_likelihoods = _log_likelihoods(row["filtered_resps"], len(options))
    label = _label(row["target"], options)
    predicted = log_likelihoods.index(max(log_likelihoods))
    if "acc" in row and float(row["acc"]) != (predicted == label):
        raise _Unusable(
            f"acc is {row['acc']}, but the highest log-likelihood is that of option {predicted} and the target is "
            f"option {label}: this task counts accuracy in a way of its own, leave it out"
        )
    return LoggedExample(
        line=line,
        document=str(row.get("doc_hash", "")),
        prompt=prompt,
        options=options,
        label=label,
        passage=_passage(row.get("doc"), prompt),
        log_likelihoods=log_likelihoods,
    )


def _prompt_and_options(arguments: Any) -> tuple[str, tuple[str, ...]]:
    """The prompt and its continuations; newer versions name the arguments, older ones list them."""
    requests = list(arguments.values()) if isinstance(arguments, dict) else arguments
    pairs = [tuple(one.values()) if isinstance(one, dict) else tuple(one) for one in requests]
    if any(len(pair) != 2 or not all(isinstance(text, str) for text in pair) for pair in pairs):
        raise _Unusable(
            "is no multiple choice (nothing but prompts with an option each); leave it out"
        )
    if len(pairs) < 2:
        raise _Unusable("has a single option, there is nothing to choose; leave the task out")
    prompts = {prompt for prompt, _ in pairs}
    if len(prompts) > 1:
        raise _Unusable(
            "options stand behind different prompts (as in winogrande, or with acc_mutual_info); leave the task out"
        )
    return prompts.pop(), tuple(option for _, option in pairs)


def _log_likelihoods(responses: Any, options: int) -> tuple[float, ...]:
    """The sums of [[log-likelihood, whether it is the greedy continuation], ...], one per option."""
    if len(responses) != options:
        raise _Unusable(f"has {len(responses)} responses to {options} options")
    try:
        values = tuple(float(log_likelihood) for log_likelihood, _ in responses)
    except (TypeError, ValueError) as error:
        raise _Unusable(
            f"filtered_resps are {shown(responses)}, not a log-likelihood and a truth value per option"
        ) from error
    for option, value in enumerate(values):
        if not math.isfinite(value):
            raise _Unusable(
                f"the log-likelihood of option {option} is {value}; run that model again"
            )
    return values


def _label(target: Any, options: tuple[str, ...]) -> int:
    """The index of the right option from a logged target: an index, or the option's own text."""
    text = str(target)
    if text.isdigit() and int(text) < len(options):
        return int(text)
    # The harness puts a delimiter, mostly a space, between prompt and option.
    matching = [k for k, option in enumerate(options) if option.strip() == text.strip()]
    if len(matching) != 1:
        raise _Unusable(
            f"target {shown(text)} is none of the {len(options)} options (0 to {len(options) - 1}, or one of their "
            "texts); a task without labels, or with several right options, cannot be imported"
        )
    return matching[0]


def _passage(document: Any, prompt: str) -> tuple[int, int] | None:
    """The longest text of the document that the prompt holds, unless short.

    Its last occurrence counts, behind any solved examples.
    """
    texts = document.values() if isinstance(document, dict) else ()
    held = [
        text
        for text in texts
        if isinstance(text, str)
        and len(text) >= SHORTEST_PASSAGE
        and text in prompt
        and text.strip() != prompt.strip()  # a document may hold its rendered prompt, too
    ]
    if not held:
        return None
    longest = max(held, key=len)
    start = prompt.rindex(longest)
    return start, start + len(longest)


def _check_count(path: Path, found: int) -> None:
    """Compare with the number of examples that the harness's own results beside the log state."""
    task, date = task_and_date(path)
    results = path.with_name(f"results_{date}.json")
    if not results.is_file():
        return
    try:
        stated = json.loads(results.read_text(encoding="utf-8"))
        expected = stated["n-samples"][task]["effective"]
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            results,
            f"does not say how many examples task {task} has; move it away or copy it again",
        ) from error
    if found != expected:
        raise ConfigError(
            path,
            f"holds {found} examples, {results.name} says {expected}; copy the whole log again",
        )
