"""Text opening: the special tokens that a tokenizer adds before every text, and texts that already contain them."""

from typing import NamedTuple

from transformers import PreTrainedTokenizerBase

OPENING_PROBES = ("a", "1", ".", "The")
"""Texts of which at least one has an ordinary token; the tokens before it are the opening."""


class TextOpening(NamedTuple):
    """The tokens that a tokenizer adds before every text: BOS, `[gMASK]<sop>`, or none.

    Attributes:
        ids: their token ids, in order.
        text: the same as text.
    """

    ids: tuple[int, ...]
    text: str


def opening_of(tokenizer: PreTrainedTokenizerBase) -> TextOpening:
    """The tokens that `tokenizer` itself adds before every text."""
    for probe in OPENING_PROBES:
        encoded = tokenizer(probe, return_special_tokens_mask=True, verbose=False)
        added = [bool(special) for special in encoded["special_tokens_mask"]]
        if False in added:
            ids = tuple(encoded["input_ids"][: added.index(False)])
            return TextOpening(ids, "".join(tokenizer.convert_ids_to_tokens(list(ids))))
    return TextOpening((), "")


def adds_opening(tokenizer: PreTrainedTokenizerBase, opening: TextOpening, text: str) -> bool:
    """Whether the tokenizer has to add its opening to `text`: not if the text already begins with it.

    Raises:
        ValueError: the text begins with a part of the opening, so neither way gives what the model was trained on.
    """
    if not opening.ids:
        return True
    found = tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
    if tuple(found[: len(opening.ids)]) == opening.ids:
        return False
    if found and found[0] in opening.ids:
        begins = tokenizer.convert_ids_to_tokens(found[0])
        raise ValueError(
            f"it begins with {begins!r}, and the tokenizer begins every text with {opening.text!r}; let it begin with "
            "all of these or with none"
        )
    return True
