"""Put the tokenizer's unknown token, or one that it pads or ends with, in the place of every token of a segment."""

from keepfaith.coalitions.segmented import SegmentedPrompt
from keepfaith.plugins.segment_operator import SegmentOperator
from keepfaith.scoring.encoding import PromptEncoder
from keepfaith.scoring.inputs import ScoringInput
from keepfaith.scoring.removed_token import removed_token


def _keep(encoder: PromptEncoder, whole: SegmentedPrompt, coalition: int) -> ScoringInput:
    encoded = whole.encoded
    staying = set(whole.staying(coalition))
    instead = removed_token(encoder.tokenizer)
    ids = tuple(
        token if position in staying else instead
        for position, token in enumerate(encoded.prompt_ids)
    )
    return ScoringInput(ids, encoded.option_ids)


OPERATOR = SegmentOperator(
    label="replaced token by token with a token that says nothing",
    citation="Ribeiro et al. 2016, LIME, arXiv:1602.04938",
    needs_positions=False,
    keep=_keep,
)
