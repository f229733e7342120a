"""The special tokens that a tokenizer puts in front of every text, and texts that spell them already."""

from typing import NamedTuple

from transformers import PreTrainedTokenizerBase

OPENING_PROBES = ("a", "1", ".", "The")
"""Texts of which at least one has a token of its own, so that what stands before it is the opening."""


class TextOpening(NamedTuple):
    """The tokens that a tokenizer puts in front of every text: BOS, `[gMASK]<sop>`, or none.

    Attributes:
        ids: their token ids, in order.
        text: how a text spells them.
    """

    ids: tuple[int, ...]
    text: str


def opening_of(tokenizer: PreTrainedTokenizerBase) -> TextOpening:
    """What `tokenizer` puts in front of every text by itself."""
    for probe in OPENING_PROBES:
        encoded = tokenizer(probe, return_special_tokens_mask=True, verbose=False)
        put_in = [bool(special) for special in encoded["special_tokens_mask"]]
        if False in put_in:
            ids = tuple(encoded["input_ids"][: put_in.index(False)])
            return TextOpening(ids, "".join(tokenizer.convert_ids_to_tokens(list(ids))))
    return TextOpening((), "")


def adds_opening(tokenizer: PreTrainedTokenizerBase, opening: TextOpening, text: str) -> bool:
    """Whether the tokenizer has to put its opening in front of `text`: not where the text spells it already.

    Raises:
        ValueError: the text begins with a part of the opening, so that neither way gives what the model was trained on.
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
