"""Hide the segments' tokens from all others, which stay where they are.

A token that nobody attends to has no effect, so it is not fed; the others keep its position free.
"""

from keepfaith.coalitions.segmented import SegmentedPrompt
from keepfaith.plugins.segment_operator import SegmentOperator
from keepfaith.scoring.encoding import EncodingError, PromptEncoder
from keepfaith.scoring.inputs import ScoringInput


def _keep(encoder: PromptEncoder, whole: SegmentedPrompt, coalition: int) -> ScoringInput:
    encoded = whole.encoded
    if coalition == whole.full:
        return ScoringInput(encoded.prompt_ids, encoded.option_ids)
    staying = tuple(whole.staying(coalition))
    if not staying:
        raise EncodingError(
            f"{whole.name}: with its segments hidden no token remains to start from; use operator delete or replace"
        )
    ids = tuple(encoded.prompt_ids[position] for position in staying)
    return ScoringInput(ids, encoded.option_ids, staying)


OPERATOR = SegmentOperator(
    label="hidden from the attention of all other tokens, which keep their positions",
    citation="Covert, Lundberg, Lee 2021, arXiv:2011.14878",
    needs_positions=True,
    keep=_keep,
)
