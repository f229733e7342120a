"""The token that stands for nothing where one is removed and its place must stay."""

from typing import Literal

from transformers import PreTrainedTokenizerBase

STUDY_TOKEN = 0
"""The id that Captum puts in the place of a removed token, as in the study: `<unk>` of Llama 2, a visible word of other
tokenizers."""


def removed_token(
    tokenizer: PreTrainedTokenizerBase, choice: Literal["auto", "study"] = "auto"
) -> int:
    """The unknown token, else the padding token, else the one that ends a text: never a visible word.

    Args:
        tokenizer: of the model.
        choice: `study` gives `STUDY_TOKEN`.

    Raises:
        ValueError: the tokenizer has none of them.
    """
    if choice == "study":
        return STUDY_TOKEN
    for token in (tokenizer.unk_token_id, tokenizer.pad_token_id, tokenizer.eos_token_id):
        if isinstance(token, int):
            return token
    raise ValueError(
        "the tokenizer has no unknown, padding or ending token to put in the place of a removed one; use an operator "
        "or a method that needs none, or type faithfulness.removed_token: study"
    )
