"""Cut the tokens' characters out of the prompt, and tokenise the rest anew, together with each option.

The study's operator, without its detour: the study decodes the remaining ids, which is not the prompt again where it
holds special tokens, unknown characters or characters of several tokens. Here nothing is decoded, so removing nothing
gives the prompt, and a character goes as a whole when one of its tokens goes. On plain text both give the same.

The model sees the tokens that it would see had somebody written the remaining text: words torn by the removal are
spelt with other tokens, and spaces that end the text move to the options.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from keepfaith.plugins.operator import Operator
from keepfaith.scoring.characters import mask, without
from keepfaith.scoring.inputs import ScoringInput

if TYPE_CHECKING:  # the declaration is read where transformers must not be loaded
    from keepfaith.scoring.encoding import EncodedPrompt, PromptEncoder


def _retokenise(
    encoder: "PromptEncoder",
    encoded: "EncodedPrompt",
    kept: Sequence[int],
    options: Sequence[str],
    name: str,
) -> ScoringInput:
    """See `Perturb`.

    Tokens may merge otherwise in the rest: then it can be longer than the model admits although the prompt is not, or
    spell a special token across the gap. Such a rest keeps the ids that it had, of all tokens that lost no character.
    """
    staying = {*encoded.fixed, *(encoded.features[feature] for feature in kept)}
    removed = [span for place, span in enumerate(encoded.characters) if place not in staying]
    text = without(encoded.text, removed, [encoded.characters[place] for place in encoded.fixed])
    again = encoder.encode_rest(encoded, text, options, name)
    if again is not None:
        return ScoringInput(again.prompt_ids, again.option_ids)
    gone = mask(len(encoded.text), removed)
    whole = sorted(
        place
        for place in staying
        if place in encoded.fixed or not any(gone[slice(*encoded.characters[place])])
    )
    prompt_ids = tuple(encoded.prompt_ids[place] for place in whole) or encoder.prefix_ids
    return ScoringInput(prompt_ids, encoded.option_ids)


OPERATOR = Operator(
    label="tokens' characters cut out, rest tokenised again",
    citation="the study, arXiv:2606.24970; without decoding the ids that remain",
    perturb=_retokenise,
)
