"""Ways to remove features from a prompt: one module per operator, each defining `OPERATOR`.

Deleting ids and re-tokenising the remaining text are different operators: the second makes new tokens.
Either way special tokens stay, wherever in the prompt, and nothing takes the place of what was removed.
"""

import importlib
import pkgutil
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # the registry lists operators where torch must not be loaded
    from keepfaith.scoring.encoding import EncodedPrompt, PromptEncoder, ScoringInput


class Operator(Protocol):
    """Removes all features but some from a prompt."""

    def __call__(
        self,
        encoder: "PromptEncoder",
        encoded: "EncodedPrompt",
        kept: Sequence[int],
        options: Sequence[str],
        name: str,
    ) -> "ScoringInput":
        """The input that remains.

        Args:
            encoder: the encoder that made `encoded`.
            encoded: the whole prompt.
            kept: features that stay, rising: indices into `encoded.features`. Where none stays, the input is the
                special tokens alone, or else `encoder.prefix_ids`.
            options: the texts of the options.
            name: what errors call the example.

        Raises:
            EncodingError: nothing remains and the tokenizer has no token to start from.
        """


def names() -> list[str]:
    """Names of all operators, sorted."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def load(name: str) -> Operator:
    """The operator called `name`.

    Raises:
        ValueError: there is no such operator; the message lists those there are.
    """
    if name not in names():
        raise ValueError(f"no operator {name!r}; there are {', '.join(names())}")
    operator: Operator = importlib.import_module(f"{__name__}.{name}").OPERATOR
    return operator
