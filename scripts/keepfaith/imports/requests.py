"""Requests of one line of a log: a prompt and its choices, beside other requests of the harness."""

import re
from dataclasses import dataclass
from typing import Any

from keepfaith.config.errors import shown

_NUMBERED = re.compile(r".*_([0-9]{1,6})")


class Unusable(ValueError):
    """One line cannot be used; the message is the problem."""


@dataclass(frozen=True)
class Requests:
    """A multiple choice.

    Attributes:
        prompt: the text before every choice.
        options: at least two different ones, each with the delimiter before it.
        count: number of requests, those of the choices first.
    """

    prompt: str
    options: tuple[str, ...]
    count: int


def read_requests(arguments: Any, mutual_information: bool) -> Requests:
    """The requests of a line; newer versions name the arguments, older ones list them.

    Args:
        arguments: as logged.
        mutual_information: whether each choice was also requested without the prompt. The harness lists those requests
            after the others, and counts `acc` without them.

    Raises:
        Unusable: they are not choices of one prompt, or two of the choices are the same.
    """
    requests = _listed(arguments, "arguments")
    pairs = [tuple(_listed(one, "arguments")) for one in requests]
    if any(len(pair) != 2 or not all(isinstance(text, str) for text in pair) for pair in pairs):
        raise Unusable("is not a multiple choice (only prompts with a choice each); leave it out")
    kept = _with_prompt(pairs, mutual_information)
    if len(kept) < 2:
        raise Unusable("has a single choice; leave the task out")
    prompts = {prompt for prompt, _ in kept}
    if len(prompts) > 1:
        raise Unusable("choices follow different prompts (as in winogrande); leave the task out")
    options = tuple(option for _, option in kept)
    _check_distinct(options)
    return Requests(prompts.pop(), options, len(pairs))


def _with_prompt(pairs: list[tuple[str, str]], mutual_information: bool) -> list[tuple[str, str]]:
    """The first half of the requests where the second half has the same choices without the prompt."""
    half = len(pairs) // 2
    first, second = pairs[:half], pairs[half:]
    again = [option for _, option in first] == [option for _, option in second]
    bare = all(not prompt for prompt, _ in second)
    prompted = any(prompt for prompt, _ in first)
    return first if again and bare and (prompted or mutual_information) else pairs


def _check_distinct(options: tuple[str, ...]) -> None:
    half = len(options) // 2
    if options[:half] == options[half:]:
        raise Unusable(
            f"its {half} choices occur twice, as acc_mutual_info requests them after an empty prompt; run the task "
            "without that metric"
        )
    for index, option in enumerate(options):
        if (first := options.index(option)) < index:
            raise Unusable(
                f"choices {first} and {index} are the same text {shown(option)}; leave that example out of the logs of "
                "all levels, and move their results_*.json away"
            )


def _listed(value: Any, what: str) -> list[Any]:
    """A list, or the values of keys that end in _0, _1, ..., by number, as sorted keys have _10 before _2."""
    if isinstance(value, list):
        return value
    if not isinstance(value, dict):
        raise Unusable(
            f"{what} are {shown(value)}, neither a list nor numbered keys; copy the log again"
        )
    numbers = [_NUMBERED.fullmatch(key) for key in value]
    by_number = {int(m[1]): found for m, found in zip(numbers, value.values(), strict=True) if m}
    if sorted(by_number) != list(range(len(value))):
        raise Unusable(
            f"{what} have the keys {shown(list(value))}, which are not numbered from 0; copy the log again"
        )
    return [by_number[number] for number in sorted(by_number)]
