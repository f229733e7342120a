"""The token that stands for nothing where one is removed and its place must stay."""

from transformers import PreTrainedTokenizerBase


def removed_token(tokenizer: PreTrainedTokenizerBase) -> int:
    """The unknown token, else the padding token, else the one that ends a text: never a visible word.

    Raises:
        ValueError: the tokenizer has none of them.
    """
    for token in (tokenizer.unk_token_id, tokenizer.pad_token_id, tokenizer.eos_token_id):
        if isinstance(token, int):
            return token
    raise ValueError(
        "the tokenizer has no unknown, padding or ending token to put in the place of a removed one; use an operator "
        "that deletes, or removed_token: study"
    )
