"""Check of token ids against the rows of a model's input embedding: an id without a row stops the model mid-run."""

from collections.abc import Iterable

from transformers import PreTrainedTokenizerBase

ADVICE = (
    "give the model the tokenizer.json that it was trained with, or one row per token "
    "(resize_token_embeddings of transformers, then save_pretrained)"
)


def without_row(
    tokenizer: PreTrainedTokenizerBase, ids: Iterable[int], rows: int | None
) -> str | None:
    """The problem in words if an id has no row in the embedding; None if all have one.

    Only ids that occur are checked: many tokenizers have tokens without a row in their model.

    Args:
        tokenizer: names the token.
        ids: the token ids of a text.
        rows: rows of the input embedding; None where unknown.
    """
    if rows is None:
        return None
    for index in ids:
        if not 0 <= index < rows:
            token = tokenizer.convert_ids_to_tokens(index)
            return f"token {token!r} has id {index}, the embedding has {rows} rows; {ADVICE}"
    return None
