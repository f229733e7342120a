"""Operators, which remove features from a prompt: what each declares about itself, and how they are found by name.

Either way special tokens stay, wherever in the prompt, and nothing takes the place of what was removed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from keepfaith.plugins.registry import Registry

if TYPE_CHECKING:
    from keepfaith.scoring.encoding import EncodedPrompt, PromptEncoder
    from keepfaith.scoring.inputs import ScoringInput

Perturb = Callable[
    ["PromptEncoder", "EncodedPrompt", Sequence[int], Sequence[str], str], "ScoringInput"
]
"""(encoder, encoded, kept, options, name) -> the input that remains.

encoder: the encoder that made `encoded`.
encoded: the whole prompt.
kept: features that stay, rising: indices into `encoded.features`. Where none stays, the input is the special tokens
    alone, or else `encoder.prefix_ids`.
options: the texts of the options.
name: what errors call the example.

Raises EncodingError where nothing remains and the tokenizer has no token to start from."""


@dataclass(frozen=True)
class Operator:
    """A way to remove features from a prompt, as its module declares it.

    Attributes:
        label: what it does, in the words of figures and of the report.
        citation: where it comes from.
        perturb: the operator itself, see `Perturb`.
    """

    label: str
    citation: str
    perturb: Perturb


OPERATORS = Registry("keepfaith.faithfulness.operators", "OPERATOR", Operator, "operator")
