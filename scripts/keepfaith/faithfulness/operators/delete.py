"""Delete the tokens' ids; the ids of the other tokens and of the options stay as they were."""

from collections.abc import Sequence

from keepfaith.scoring.encoding import EncodedPrompt, EncodingError, PromptEncoder, ScoringInput


def delete(
    encoder: PromptEncoder,
    encoded: EncodedPrompt,
    kept: Sequence[int],
    options: Sequence[str],
    name: str,
) -> ScoringInput:
    """See `Operator`."""
    staying = sorted({*encoded.fixed, *(encoded.features[feature] for feature in kept)})
    prompt_ids = tuple(encoded.prompt_ids[place] for place in staying) or encoder.prefix_ids
    if not prompt_ids:
        raise EncodingError(
            f"{name}: no token remains, and the tokenizer has neither BOS nor EOS; remove a smaller share"
        )
    return ScoringInput(prompt_ids, encoded.option_ids)


OPERATOR = delete
