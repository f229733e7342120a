"""The blank of a prompt: what comes before it, and what is scored after it."""

from keepfaith.config.cells import RowError

BLANK_NOT_EXPLAINED = (
    "has a prompt for each choice, and explanations are of one prompt; type examples: {explanation: 0} in the file of "
    "the task"
)
"""What is wrong with such a task that is explained, after its name."""


def around_blank(text: str, mark: str) -> tuple[str, str]:
    """The prompt's text before and after its blank.

    Raises:
        RowError: there is no blank or several, or nothing after it.

    Examples:
        >>> around_blank("Ann paid Eve because _ was rich.", "_")
        ('Ann paid Eve because ', ' was rich.')
    """
    before, found, after = text.partition(mark)
    if not found or mark in after:
        raise RowError(
            f"its prompt contains the blank {mark!r} {text.count(mark)} times instead of once",
            "correct the row, or choose another mark as the blank of the task",
        )
    if not after.strip():
        raise RowError(
            f"nothing follows the blank {mark!r} in its prompt, and that is what is scored",
            "correct the row, or end the prompt before the choice and leave blank out of the task",
        )
    return before, after
