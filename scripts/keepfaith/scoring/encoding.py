"""Text to token ids: a prompt and its options, tokenised together and then split.

The split is lm-evaluation-harness's: an option's tokens are what the encoding of prompt + option has
behind as many tokens as the prompt alone has; spaces that end the prompt belong to the option.
Tokenising the option by itself gives other tokens wherever the tokenizer merges across the seam.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from unicodedata import category

from transformers import PreTrainedTokenizerBase

UNSEEN = ("Cc", "Cf", "Mn")
"""Kinds of characters that a tokenizer may drop: control, format, and marks that combine with the one before."""


class EncodingError(Exception):
    """A prompt or option cannot be scored as it stands."""


@dataclass(frozen=True)
class EncodedPrompt:
    """A prompt and its options as token ids.

    Attributes:
        prompt_ids: the prompt's tokens, leading special tokens included; never empty.
        option_ids: the tokens of every option behind it.
        spans: for every prompt token its characters [start, end) in the prompt as given; empty for
            special tokens, shared by the byte tokens of one character.
        special: number of leading special tokens (such as BOS).
    """

    prompt_ids: tuple[int, ...]
    option_ids: tuple[tuple[int, ...], ...]
    spans: tuple[tuple[int, int], ...]
    special: int


@dataclass(frozen=True)
class ScoringInput:
    """A prompt and the options whose log-likelihood behind it is asked for; only these cost anything."""

    prompt_ids: tuple[int, ...]
    option_ids: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class GradientInput:
    """A prompt, one option behind it, and the point at which the option's log-likelihood is differentiated.

    The point lies on the straight line, in embeddings, from a baseline prompt (share 0) to the prompt (share 1).
    The baseline has as many tokens as the prompt; None stands for zero vectors.
    """

    prompt_ids: tuple[int, ...]
    option_ids: tuple[int, ...]
    baseline_ids: tuple[int, ...] | None = None
    share: float = 1.0


class PromptEncoder:
    """Encodes prompts with their options; special tokens follow the tokenizer's own default.

    Attributes:
        tokenizer: a fast tokenizer.
        maximum_tokens: longest input the model admits, or None for no limit.
        cut_left: whether a longer prompt loses tokens at its start, special ones kept, instead of being
            refused.
        cut: prompts that were cut so far.
        prefix_ids: what stands in for an empty prompt: BOS, or EOS without one, as in
            lm-evaluation-harness; empty where the tokenizer has neither.
    """

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerBase,
        maximum_tokens: int | None = None,
        cut_left: bool = False,
    ) -> None:
        self.tokenizer = tokenizer
        self.maximum_tokens = maximum_tokens
        self.cut_left = cut_left
        self.cut: set[str] = set()
        prefix = (
            tokenizer.bos_token_id if tokenizer.bos_token_id is not None else tokenizer.eos_token_id
        )
        self.prefix_ids: tuple[int, ...] = () if prefix is None else (int(prefix),)

    def encode(self, prompt: str, options: Sequence[str], name: str | None = None) -> EncodedPrompt:
        """Encode one prompt with its options.

        Args:
            prompt: the text before the options; may be empty where the tokenizer has BOS or EOS.
            options: the continuations, each with its own leading space if it needs one.
            name: what errors call this example; its prompt's beginning if not given.

        Raises:
            EncodingError: an option has no token of its own, or the input is longer than the model admits.
        """
        name = name or f"prompt {prompt[:40]!r}"
        context = prompt.rstrip()
        seam = prompt[len(context) :]
        prompt_ids, spans, special = self._encode_context(context, name)
        option_ids = []
        for option in options:
            if context:
                ids = self._ids(context + seam + option)[len(prompt_ids) :]
            else:
                ids = self._ids(seam + option, add_special_tokens=False)
            if not ids:
                raise EncodingError(
                    f"{name}: option {option!r} has no token of its own behind the prompt"
                )
            option_ids.append(ids)
        excess = self._excess(len(prompt_ids) + max(map(len, option_ids), default=1) - 1, name)
        if excess:
            self.cut.add(name)
            prompt_ids = prompt_ids[:special] + prompt_ids[special + excess :]
            spans = spans[:special] + spans[special + excess :]
        return EncodedPrompt(prompt_ids, tuple(option_ids), spans, special)

    def decode(self, ids: Sequence[int]) -> str:
        """The text of token ids, special tokens left out, nothing cleaned up."""
        return str(
            self.tokenizer.decode(
                list(ids), skip_special_tokens=True, clean_up_tokenization_spaces=False
            )
        )

    def _encode_context(
        self, context: str, name: str
    ) -> tuple[tuple[int, ...], tuple[tuple[int, int], ...], int]:
        if not context:
            if not self.prefix_ids:
                raise EncodingError(
                    f"{name}: empty, and the tokenizer has neither BOS nor EOS to start from"
                )
            return self.prefix_ids, ((0, 0),), 1
        encoded = self.tokenizer(
            context,
            add_special_tokens=self._adds_special_tokens(context),
            return_offsets_mapping=True,
            return_special_tokens_mask=True,
            return_attention_mask=False,
        )
        ids = tuple(int(i) for i in encoded["input_ids"])
        is_special = encoded["special_tokens_mask"]
        special = next((i for i, flag in enumerate(is_special) if not flag), len(ids))
        if special < len(ids) and is_special[-1]:
            raise EncodingError(
                f"{name}: the tokenizer ends every text with a special token, so no option can follow"
            )
        offsets = [(int(start), int(end)) for start, end in encoded["offset_mapping"]]
        _check_covered(context, offsets[special:], name)
        spans = [(0, 0)] * special
        for token, (start, end) in list(zip(ids, offsets, strict=True))[special:]:
            spans.append(self._visible_span(context, token, start, end))
        return ids, tuple(spans), special

    def _visible_span(self, text: str, token: int, start: int, end: int) -> tuple[int, int]:
        """A token's characters without the spaces around them, alike for all kinds of tokenizers.

        Byte-level and SentencePiece tokenizers differ in whether the space before a word is the word
        token's; the latter also place their invisible first space on the text's first character.
        """
        stripped = text[start:end].strip()
        if not stripped:
            return start, end
        if str(self.tokenizer.convert_ids_to_tokens(token)).strip("▁Ġ ") == "":
            return start, start
        start += len(text[start:end]) - len(text[start:end].lstrip())
        return start, start + len(stripped)

    def _ids(self, text: str, add_special_tokens: bool | None = None) -> tuple[int, ...]:
        if add_special_tokens is None:
            add_special_tokens = self._adds_special_tokens(text)
        return tuple(
            int(i) for i in self.tokenizer.encode(text, add_special_tokens=add_special_tokens)
        )

    def _adds_special_tokens(self, text: str) -> bool:
        """A prompt that spells its own BOS gets no second one."""
        prefix = str(self.tokenizer.decode(list(self.prefix_ids)))
        return not (prefix and text.startswith(prefix))

    def _excess(self, tokens: int, name: str) -> int:
        """How many of `tokens` are too many."""
        if self.maximum_tokens is None or tokens <= self.maximum_tokens:
            return 0
        if not self.cut_left:
            raise EncodingError(
                f"{name}: {tokens} tokens, the model admits {self.maximum_tokens}; leave the example out, use a model "
                "with a longer context, or type scoring.over_long: cut_left"
            )
        return tokens - self.maximum_tokens


def _check_covered(text: str, offsets: Sequence[tuple[int, int]], name: str) -> None:
    """Refuse a text of which the tokenizer drops something that can be seen: the model would not be asked it.

    Raises:
        EncodingError: with the first character that is in no token.
    """
    covered = bytearray(len(text))
    for start, end in offsets:
        covered[start:end] = b"\1" * (end - start)
    place = covered.find(0)
    while place >= 0:
        character = text[place]
        if not character.isspace() and category(character) not in UNSEEN:
            raise EncodingError(
                f"{name}: the tokenizer drops {character!r} (character {place}); leave the example out, replace the "
                "character, or use a model whose tokenizer knows it"
            )
        place = covered.find(0, place + 1)
