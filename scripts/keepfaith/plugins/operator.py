"""Operators, which remove features from a prompt: declaration and registry.

All operators keep special tokens anywhere in the prompt, and insert nothing for removed features.
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
kept: ascending indices into `encoded.features` of the features that stay. If none stays, the input is the special
    tokens alone, or else `encoder.prefix_ids`.
options: the texts of the choices.
name: name of the example in errors.

Raises EncodingError where nothing remains and the tokenizer has no token to start from."""


@dataclass(frozen=True)
class Operator:
    """A way to remove features from a prompt, as its module declares it.

    Attributes:
        label: its effect, in the words of figures and of the report.
        citation: its source.
        perturb: the operator itself, see `Perturb`.
    """

    label: str
    citation: str
    perturb: Perturb


OPERATORS = Registry("keepfaith.faithfulness.operators", "OPERATOR", Operator, "operator")
