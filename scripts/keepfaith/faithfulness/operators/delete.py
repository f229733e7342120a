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
    special = encoded.prompt_ids[: encoded.special]
    features = encoded.prompt_ids[encoded.special :]
    prompt_ids = special + tuple(features[feature] for feature in kept) or encoder.prefix_ids
    if not prompt_ids:
        raise EncodingError(f"{name}: no token remains, and the tokenizer has neither BOS nor EOS")
    return ScoringInput(prompt_ids, encoded.option_ids)


OPERATOR = delete
