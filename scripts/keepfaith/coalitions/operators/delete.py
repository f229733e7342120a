"""Cut the segments out of the text, and tokenise what is left anew, together with each option.

The model sees what it would see had somebody written the remaining text.
"""

from keepfaith.coalitions.segmented import SegmentedPrompt
from keepfaith.coalitions.segments import remaining_text
from keepfaith.plugins.segment_operator import SegmentOperator
from keepfaith.scoring.encoding import PromptEncoder
from keepfaith.scoring.inputs import ScoringInput


def _keep(encoder: PromptEncoder, whole: SegmentedPrompt, coalition: int) -> ScoringInput:
    encoded = whole.encoded
    if coalition == whole.full:
        return ScoringInput(encoded.prompt_ids, encoded.option_ids)
    text = remaining_text(encoded.text, whole.fields, whole.segments, coalition)
    rest = encoder.encode_rest(encoded, text, whole.options, whole.name)
    if rest is not None:
        return ScoringInput(rest.prompt_ids, rest.option_ids)
    # Tokenised anew it would be longer than the model admits, or spell a special token: then the others' ids stay.
    ids = tuple(encoded.prompt_ids[position] for position in whole.staying(coalition))
    return ScoringInput(ids or encoder.prefix_ids, encoded.option_ids)


OPERATOR = SegmentOperator(
    label="cut out of the text, and the rest tokenised anew",
    citation="DeYoung et al. 2020, ERASER, arXiv:1911.03429",
    needs_positions=False,
    keep=_keep,
)
