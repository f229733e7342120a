"""Operator `delete`: delete the tokens' ids; the ids of the other tokens and of the choices do not change."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from keepfaith.plugins.operator import Operator
from keepfaith.scoring.errors import EncodingError
from keepfaith.scoring.inputs import ScoringInput

if TYPE_CHECKING:  # reading the declaration must not load transformers
    from keepfaith.scoring.encoding import EncodedPrompt, PromptEncoder


def _delete(
    encoder: "PromptEncoder",
    encoded: "EncodedPrompt",
    kept: Sequence[int],
    options: Sequence[str],
    name: str,
) -> ScoringInput:
    """See `Perturb`."""
    staying = sorted({*encoded.fixed, *(encoded.features[feature] for feature in kept)})
    prompt_ids = tuple(encoded.prompt_ids[index] for index in staying) or encoder.prefix_ids
    if not prompt_ids:
        raise EncodingError(
            f"{name}: no token remains, and the tokenizer has neither BOS nor EOS; remove a smaller share"
        )
    return ScoringInput(prompt_ids, encoded.option_ids)


OPERATOR = Operator(
    label="token ids deleted",
    citation="DeYoung et al. 2020 (ERASER), arXiv:1911.03429",
    perturb=_delete,
)
