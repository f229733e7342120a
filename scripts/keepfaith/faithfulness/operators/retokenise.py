"""Operator `retokenise`: cut the tokens' characters out of the prompt, and tokenise the rest again with each choice.

The study's operator without decoding: the study decodes the remaining ids, which does not restore a prompt with
special tokens, unknown characters or characters of several tokens. Here nothing is decoded, so removing nothing
gives the prompt, and a character is removed as a whole with any of its tokens. On plain text both are equal.

The model sees the tokens of the remaining text as if it had been written so: words cut by the removal are
spelt with other tokens, and spaces at the end of the text move to the choices.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from keepfaith.plugins.operator import Operator
from keepfaith.scoring.characters import mask, without
from keepfaith.scoring.inputs import ScoringInput

if TYPE_CHECKING:  # reading the declaration must not load transformers
    from keepfaith.scoring.encoding import EncodedPrompt, PromptEncoder


def _retokenise(
    encoder: "PromptEncoder",
    encoded: "EncodedPrompt",
    kept: Sequence[int],
    options: Sequence[str],
    name: str,
) -> ScoringInput:
    """See `Perturb`.

    Tokens may merge differently in the rest: it can then be longer than the model accepts although the prompt is not,
    or spell a special token across the gap. Such a rest keeps its old ids, of all tokens that lost no character.
    """
    staying = {*encoded.fixed, *(encoded.features[feature] for feature in kept)}
    removed = [span for index, span in enumerate(encoded.characters) if index not in staying]
    text = without(encoded.text, removed, [encoded.characters[index] for index in encoded.fixed])
    again = encoder.encode_rest(encoded, text, options, name)
    if again is not None:
        return ScoringInput(again.prompt_ids, again.option_ids)
    gone = mask(len(encoded.text), removed)
    whole = sorted(
        index
        for index in staying
        if index in encoded.fixed or not any(gone[slice(*encoded.characters[index])])
    )
    prompt_ids = tuple(encoded.prompt_ids[index] for index in whole) or encoder.prefix_ids
    return ScoringInput(prompt_ids, encoded.option_ids)


OPERATOR = Operator(
    label="tokens' characters cut out, rest tokenised again",
    citation="the study, arXiv:2606.24970; without decoding the ids that remain",
    perturb=_retokenise,
)
