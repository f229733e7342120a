"""What one line of a log asked the model: a prompt and its options, whatever else the harness asked beside them."""

import re
from dataclasses import dataclass
from typing import Any

from keepfaith.config.errors import shown

_NUMBERED = re.compile(r".*_([0-9]{1,6})")


class Unusable(ValueError):
    """What is wrong with one line."""


@dataclass(frozen=True)
class Requests:
    """A multiple choice.

    Attributes:
        prompt: what all options stand behind.
        options: at least two different ones, each with the delimiter before it.
        count: number of requests, those of the options first.
    """

    prompt: str
    options: tuple[str, ...]
    count: int


def read_requests(arguments: Any, mutual_information: bool) -> Requests:
    """The requests of a line; newer versions name the arguments, older ones list them.

    Args:
        arguments: as logged.
        mutual_information: whether each option was asked for once more, without the prompt. The harness lists those
            requests behind the others, and counts `acc` without them.

    Raises:
        Unusable: they are no options of one prompt, or two of the options are the same.
    """
    requests = _listed(arguments, "arguments")
    pairs = [tuple(_listed(one, "arguments")) for one in requests]
    if any(len(pair) != 2 or not all(isinstance(text, str) for text in pair) for pair in pairs):
        raise Unusable(
            "is no multiple choice (nothing but prompts with an option each); leave it out"
        )
    kept = _with_prompt(pairs, mutual_information)
    if len(kept) < 2:
        raise Unusable("has a single option, there is nothing to choose; leave the task out")
    prompts = {prompt for prompt, _ in kept}
    if len(prompts) > 1:
        raise Unusable(
            "options stand after different prompts (as in winogrande); leave the task out"
        )
    options = tuple(option for _, option in kept)
    _check_distinct(options)
    return Requests(prompts.pop(), options, len(pairs))


def _with_prompt(pairs: list[tuple[str, str]], mutual_information: bool) -> list[tuple[str, str]]:
    """The first half where the second one is the same options without the prompt."""
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
            f"its {half} options stand there twice, as acc_mutual_info has them behind an empty prompt; run the task "
            "without that metric"
        )
    for index, option in enumerate(options):
        if (first := options.index(option)) < index:
            raise Unusable(
                f"options {first} and {index} are the same text {shown(option)}; leave that example out of the logs of "
                "all levels, and move their results_*.json away"
            )


def _listed(value: Any, what: str) -> list[Any]:
    """A list, or the values of keys that end in _0, _1, ...: whoever sorted the keys put _10 before _2."""
    if isinstance(value, list):
        return value
    if not isinstance(value, dict):
        raise Unusable(
            f"{what} are {shown(value)}, no list and no numbered keys; copy the log again"
        )
    numbers = [_NUMBERED.fullmatch(key) for key in value]
    by_number = {int(m[1]): found for m, found in zip(numbers, value.values(), strict=True) if m}
    if sorted(by_number) != list(range(len(value))):
        raise Unusable(
            f"{what} have the keys {shown(list(value))}, which are not numbered from 0 on; copy the log again"
        )
    return [by_number[number] for number in sorted(by_number)]
