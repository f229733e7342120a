"""Tokens of one text with the characters they stand for, as reported by the tokenizer."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from tokenizers.models import Unigram
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from keepfaith.config.errors import shown
from keepfaith.config.spans import Span
from keepfaith.models.errors import one_line
from keepfaith.scoring.characters import (
    METASPACE,
    covered_characters,
    first_dropped,
    is_visible,
)
from keepfaith.scoring.errors import EncodingError

ANCHORS = ("\n", ".", "a", "1", "-")
"""Texts after which a choice is tokenised by itself: no known tokenizer merges across all of them."""

ROLES = ("bos", "eos", "pad", "sep", "cls", "mask")


@dataclass(frozen=True)
class Tokens:
    """A text's token ids.

    Attributes:
        ids: the token ids.
        offsets: characters [start, end) per token, as the tokenizer reports them.
        added: per token, whether the tokenizer added it (BOS, EOS).
    """

    ids: tuple[int, ...]
    offsets: tuple[Span, ...]
    added: tuple[bool, ...]


def tokenise(tokenizer: PreTrainedTokenizerBase, text: str, adds_special_tokens: bool) -> Tokens:
    """The tokens of `text`, with or without the tokenizer's special tokens.

    Raises:
        EncodingError: the tokenizer fails on the text.
    """
    try:
        encoded = tokenizer(
            text,
            add_special_tokens=adds_special_tokens,
            return_offsets_mapping=True,
            return_special_tokens_mask=True,
            return_attention_mask=False,
            verbose=False,  # the encoder checks the length
        )
    except Exception as error:  # tokenizers raises a bare one
        raise EncodingError(
            f"the tokenizer fails on the text {shown(text)} ({one_line(error)}); leave the example out, or correct "
            "tokenizer.json"
        ) from error
    return Tokens(
        tuple(encoded["input_ids"]),
        tuple(encoded["offset_mapping"]),
        tuple(map(bool, encoded["special_tokens_mask"])),
    )


def dropped(
    tokenizer: PreTrainedTokenizerBase, text: str, characters: Sequence[Span]
) -> int | None:
    """Index of the first visible character of `text` without a token, or None if each has one.

    A "▁" does not count for a tokenizer that treats it as a space. After a dropped character, offsets may be
    shifted, so then each character is checked by itself.

    Args:
        tokenizer: the tokenizer.
        text: the text, or the text followed by white space.
        characters: those of every token (`characters_of`).
    """
    if METASPACE in text and _spells_a_space(tokenizer):
        text = text.replace(METASPACE, " ")
    if (first := first_dropped(text, characters)) is None:
        return None
    for index, character in enumerate(text):
        if is_visible(character):
            alone = tokenise(tokenizer, character, False)
            if first_dropped(character, characters_of(tokenizer, character, alone)) is not None:
                return index
    return first


def _spells_a_space(tokenizer: PreTrainedTokenizerBase) -> bool:
    """Whether the tokenizer treats a typed "▁" and a space alike, so that it may leave out either."""
    typed, spaced = (tokenise(tokenizer, f"a{between}a", False).ids for between in (METASPACE, " "))
    return typed == spaced


def characters_of(tokenizer: PreTrainedTokenizerBase, text: str, tokens: Tokens) -> list[Span]:
    """For each token of `text`, the characters that are removed with it."""
    joins = partial(_joins, tokenizer)
    return covered_characters(text, token_spellings(tokenizer, tokens.ids), tokens.offsets, joins)


def _joins(tokenizer: PreTrainedTokenizerBase, before: str, character: str) -> bool:
    """Whether the tokenizer's normaliser changes the end of `before` if `character` follows.

    It then composes the two (NFC and NFKC do), and the tokens of the first stand for both.
    """
    normaliser = tokenizer.backend_tokenizer.normalizer
    if normaliser is None:
        return False
    alone, together = map(normaliser.normalize_str, (before, before + character))
    return not together.startswith(alone)


def token_spellings(tokenizer: PreTrainedTokenizerBase, ids: Sequence[int]) -> list[str]:
    """Token ids in the vocabulary's own spelling."""
    return [str(piece) for piece in tokenizer.convert_ids_to_tokens(list(ids))]


def split(whole: Tokens, prompt: Tokens, characters: int, swallowed: int = 0) -> Tokens | None:
    """The tokens of `whole` after those of `prompt`, the text of its first `characters` characters.

    Offsets of the result count from there. None if `whole` does not begin with the tokens of `prompt`, or if the last
    of these covers characters after the prompt, as the unknown token may.

    Args:
        whole, prompt, characters: see above.
        swallowed: characters after the prompt that its last token may cover (see `swallowing_ids`).
    """
    count, end_of_prompt = len(prompt.ids), characters + swallowed
    if whole.ids[:count] != prompt.ids or any(
        end > end_of_prompt for _, end in whole.offsets[:count]
    ):
        return None
    offsets = tuple(
        (max(0, start - characters), max(0, end - characters))
        for start, end in whole.offsets[count:]
    )
    return Tokens(whole.ids[count:], offsets, whole.added[count:])


def continuation(tokenizer: PreTrainedTokenizerBase, context: str, text: str) -> Tokens | None:
    """The tokens of `text` by itself, without the first space that some tokenizers add before a text.

    So it is tokenised after a text with which the tokenizer does not merge it: the last character of `context` if
    possible, else one of `ANCHORS`. None if none is possible.
    """
    for anchor in (context[-1], *ANCHORS):
        own, both = tokenise(tokenizer, anchor, False), tokenise(tokenizer, anchor + text, False)
        rest = split(both, own, len(anchor))
        if (
            rest
            and rest.ids
            and all(start >= len(anchor) for start, _ in both.offsets[len(own.ids) :])
        ):
            return rest
    return None


def special_ids(tokenizer: PreTrainedTokenizerBase) -> frozenset[int]:
    """Ids of the tokens that stand for no text, such as BOS.

    The unknown token stands for characters of the text and is not among them, unless the tokenizer gives the
    same token another role too (GPT-2's <|endoftext|>).
    """
    found = {int(token) for token in tokenizer.all_special_ids}
    found |= {
        int(token) for token, added in tokenizer.added_tokens_decoder.items() if added.special
    }
    unknown = tokenizer.unk_token_id
    if unknown is not None and unknown not in _other_roles(tokenizer):
        found.discard(int(unknown))
    return frozenset(found)


def swallowing_ids(tokenizer: PreTrainedTokenizerBase) -> frozenset[int]:
    """Ids of the tokens that absorb white space after them, so that it has no token: Phi-3's `<|assistant|>`."""
    added = tokenizer.added_tokens_decoder.items()
    return frozenset(int(token) for token, content in added if content.rstrip)


def unknown_ids(tokenizer: PreTrainedTokenizerFast) -> frozenset[int]:
    """Ids that stand for unknown characters, by the tokenizer's model and by its roles."""
    encodes = tokenizer.backend_tokenizer
    named = getattr(encodes.model, "unk_token", None)
    found = {encodes.token_to_id(named) if named else None, _unknown_of_unigram(encodes.model)}
    if tokenizer.unk_token_id not in _other_roles(tokenizer):
        found.add(tokenizer.unk_token_id)
    return frozenset(int(token) for token in found if token is not None)


def _other_roles(tokenizer: PreTrainedTokenizerBase) -> Sequence[int | None]:
    return [getattr(tokenizer, f"{role}_token_id") for role in ROLES]


def _unknown_of_unigram(model: Any) -> int | None:
    """The unknown token's id of a Unigram model, which shows it only in its serialised state."""
    if not isinstance(model, Unigram):
        return None
    number = json.loads(model.__getstate__())["unk_id"]
    return None if number is None else int(number)


def report_whole_offsets(tokenizer: PreTrainedTokenizerFast) -> None:
    """Set the tokenizer to report untrimmed offsets; no id changes.

    A byte-level tokenizer may trim spaces from the offsets. Before a first word it may have added the space itself;
    then it trims the word's first letter instead.
    """
    processor = tokenizer.backend_tokenizer.post_processor
    if processor is None:
        return
    state = json.loads(processor.__getstate__())
    if _stop_trimming(state):
        processor.__setstate__(json.dumps(state).encode())
        tokenizer.backend_tokenizer.post_processor = processor


def _stop_trimming(state: dict[str, Any]) -> bool:
    """Turn trimming off in a post-processor and in those it consists of; whether any had it on."""
    inside = [_stop_trimming(part) for part in state.get("processors", [])]
    trims = bool(state.get("trim_offsets"))
    if trims:
        state["trim_offsets"] = False
    return trims or any(inside)
