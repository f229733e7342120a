"""One text's tokens with the characters they stand for, as the tokenizer itself reports them."""

from collections.abc import Sequence
from dataclasses import dataclass

from transformers import PreTrainedTokenizerBase

from keepfaith.scoring.characters import Span

ANCHORS = ("\n", ".", "a", "1", "-")
"""Texts after which a continuation is tokenised: no tokenizer is known that merges across all of them."""

ROLES = ("bos", "eos", "pad", "sep", "cls", "mask")


@dataclass(frozen=True)
class Tokens:
    """A text's token ids.

    Attributes:
        ids: the token ids.
        offsets: characters [start, end) per token, as the tokenizer reports them.
        put_in: whether the tokenizer put a token in by itself, per token (BOS, EOS).
    """

    ids: tuple[int, ...]
    offsets: tuple[Span, ...]
    put_in: tuple[bool, ...]


def tokenise(tokenizer: PreTrainedTokenizerBase, text: str, adds_special_tokens: bool) -> Tokens:
    """The tokens of `text`, with or without special tokens of the tokenizer's own."""
    encoded = tokenizer(
        text,
        add_special_tokens=adds_special_tokens,
        return_offsets_mapping=True,
        return_special_tokens_mask=True,
        return_attention_mask=False,
        verbose=False,  # how long an input may be is the encoder's to say
    )
    return Tokens(
        tuple(encoded["input_ids"]),
        tuple(encoded["offset_mapping"]),
        tuple(map(bool, encoded["special_tokens_mask"])),
    )


def split(whole: Tokens, prompt: Tokens, characters: int) -> tuple[int, ...] | None:
    """What `whole` has after the tokens of `prompt`, the text of its first `characters` characters.

    None where these are not the first tokens of `whole`, or where the last of them covers characters after the
    prompt, as the unknown token may.
    """
    count = len(prompt.ids)
    if whole.ids[:count] != prompt.ids or any(end > characters for _, end in whole.offsets[:count]):
        return None
    return whole.ids[count:]


def continuation(
    tokenizer: PreTrainedTokenizerBase, context: str, text: str
) -> tuple[int, ...] | None:
    """The tokens of `text` by itself, without the first space that some tokenizers put in front of a text.

    So it is tokenised after something else, across which the tokenizer does not merge: the last character of
    `context` where that serves, else one of `ANCHORS`. None where none serves.
    """
    for anchor in (context[-1], *ANCHORS):
        own, both = tokenise(tokenizer, anchor, False), tokenise(tokenizer, anchor + text, False)
        ids = split(both, own, len(anchor))
        if ids and all(start >= len(anchor) for start, _ in both.offsets[len(own.ids) :]):
            return ids
    return None


def special_ids(tokenizer: PreTrainedTokenizerBase) -> frozenset[int]:
    """Ids of the tokens that stand for no text: those that steer the model.

    The unknown token is none of them, since it stands for characters of the text, unless the tokenizer gives the
    same token another role too (GPT-2's <|endoftext|>).
    """
    found = {int(token) for token in tokenizer.all_special_ids}
    found |= {
        int(token) for token, added in tokenizer.added_tokens_decoder.items() if added.special
    }
    if tokenizer.unk_token_id is not None:
        roles: Sequence[int | None] = [getattr(tokenizer, f"{role}_token_id") for role in ROLES]
        if tokenizer.unk_token_id not in roles:
            found.discard(int(tokenizer.unk_token_id))
    return frozenset(found)
