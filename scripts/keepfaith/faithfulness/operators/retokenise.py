"""Delete the tokens, decode the rest, and tokenise that text anew, together with each option.

The study's operator. The model sees the tokens that it would see had somebody written the remaining text:
words torn by the deletion are spelt with other tokens, and spaces that end the text move to the options.
"""

from collections.abc import Sequence

from keepfaith.scoring.encoding import EncodedPrompt, PromptEncoder, ScoringInput


def retokenise(
    encoder: PromptEncoder,
    encoded: EncodedPrompt,
    kept: Sequence[int],
    options: Sequence[str],
    name: str,
) -> ScoringInput:
    """See `Operator`."""
    features = encoded.prompt_ids[encoded.special :]
    text = encoder.decode([features[feature] for feature in kept])
    again = encoder.encode(text, options, name)
    return ScoringInput(again.prompt_ids, again.option_ids)


OPERATOR = retokenise
