"""Text to token ids: a prompt and its options, tokenised together and then split.

The split is lm-evaluation-harness's: an option's tokens are what the encoding of prompt + option has after as many
tokens as the prompt alone has; spaces that end the prompt belong to the option. Where the tokenizer merges across
the seam, that split would give tokens that spell something else; there the option is tokenised by itself. White space
that the prompt's last token takes in (an added token with `rstrip`) has no token, and needs none.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from transformers import PreTrainedTokenizerFast

from keepfaith.config.spans import Span
from keepfaith.models.embedding_rows import without_row
from keepfaith.models.text_opening import adds_opening, opening_of
from keepfaith.scoring.characters import is_visible, visible_characters
from keepfaith.scoring.errors import LEAVE_OUT, EncodingError, UnscorableError
from keepfaith.scoring.inputs import GradientInput, ScoringInput
from keepfaith.scoring.options import OptionTokens, refuse_options
from keepfaith.scoring.tokens import (
    Tokens,
    characters_of,
    continuation,
    dropped,
    report_whole_offsets,
    special_ids,
    split,
    swallowing_ids,
    tokenise,
    unknown_ids,
)

__all__ = [
    "EncodedPrompt",
    "EncodingError",
    "GradientInput",
    "PromptEncoder",
    "ScoringInput",
]


@dataclass(frozen=True)
class EncodedPrompt:
    """A prompt and its options as token ids.

    Attributes:
        prompt_ids: the prompt's tokens, special tokens included; never empty.
        option_ids: the tokens of every option after it.
        text: the prompt as given.
        spans: for every prompt token its visible characters [start, end) in `text`; empty for special tokens that
            the tokenizer put in, shared by the byte tokens of one character.
        characters: for every prompt token the characters that go when it goes: those of `spans` with the spaces
            that the token spells.
        special: number of leading special tokens (such as BOS), whether the tokenizer or the text wrote them.
        features: positions in `prompt_ids` of the tokens that can be removed, rising: all but special tokens. Special
            tokens further in stay in every perturbed prompt, as the leading ones do.
        adds_special_tokens: whether the tokenizer was asked for special tokens of its own.
        lost: number of tokens that were cut after the leading special ones, because the prompt was too long.
    """

    prompt_ids: tuple[int, ...]
    option_ids: tuple[tuple[int, ...], ...]
    text: str
    spans: tuple[Span, ...]
    characters: tuple[Span, ...]
    special: int
    features: tuple[int, ...]
    adds_special_tokens: bool
    lost: int = 0

    @property
    def feature_ids(self) -> tuple[int, ...]:
        """Token ids of the features."""
        return tuple(self.prompt_ids[position] for position in self.features)

    @property
    def feature_spans(self) -> tuple[Span, ...]:
        """Visible characters of the features."""
        return tuple(self.spans[position] for position in self.features)

    @property
    def fixed(self) -> tuple[int, ...]:
        """Positions of the tokens that stay in every perturbed prompt: the special tokens."""
        features = set(self.features)
        return tuple(place for place in range(len(self.prompt_ids)) if place not in features)

    @property
    def longest(self) -> int:
        """Tokens of the longest input that is asked: nothing follows an option's last token."""
        return len(self.prompt_ids) + max(map(len, self.option_ids), default=1) - 1

    def cut_left(self, count: int) -> "EncodedPrompt":
        """The prompt without the first `count` tokens after the leading special ones."""
        first, rest = self.special, self.special + count
        return replace(
            self,
            prompt_ids=self.prompt_ids[:first] + self.prompt_ids[rest:],
            spans=self.spans[:first] + self.spans[rest:],
            characters=self.characters[:first] + self.characters[rest:],
            features=tuple(position - count for position in self.features if position >= rest),
            lost=self.lost + count,
        )


class PromptEncoder:
    """Encodes prompts with their options; special tokens follow the tokenizer's own default.

    Attributes:
        tokenizer: a fast tokenizer; it is made to report offsets untrimmed, which changes no id.
        maximum_tokens: longest input the model admits, or None for no limit.
        cut_left: whether a longer prompt loses tokens at its start, special ones kept, instead of being
            refused.
        embedding_rows: rows of the model's input embedding, or None where unknown.
        cut: names of the examples that were cut so far.
        apart: names of the examples with an option that was tokenised by itself.
        prefix_ids: what stands in for an empty prompt: what the tokenizer puts in front of every text, else BOS, or
            EOS without one, as in lm-evaluation-harness; empty where the tokenizer has none of these.

    Examples:
        >>> from keepfaith.config.load import BUILTIN_CHECKPOINT
        >>> from keepfaith.models.loading import load_tokenizer
        >>> encoder = PromptEncoder(load_tokenizer(BUILTIN_CHECKPOINT))
        >>> encoded = encoder.encode("The film was good.\\nAnswer:", [" positive", " negative"])
        >>> [encoded.text[start:end] for start, end in encoded.feature_spans]
        ['The', 'film', 'was', 'good', '.', '\\n', 'Answer', ':']
        >>> [len(option) for option in encoded.option_ids]
        [1, 1]
    """

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerFast,
        maximum_tokens: int | None = None,
        cut_left: bool = False,
        embedding_rows: int | None = None,
    ) -> None:
        self.tokenizer = tokenizer
        self.maximum_tokens = maximum_tokens
        self.cut_left = cut_left
        self.embedding_rows = embedding_rows
        self.cut: set[str] = set()
        self.apart: set[str] = set()
        report_whole_offsets(tokenizer)
        self._opening = opening_of(tokenizer)
        self.prefix_ids: tuple[int, ...] = self._opening.ids or _start(tokenizer)
        self._special_ids = special_ids(tokenizer)
        self._unknown_ids = unknown_ids(tokenizer)
        self._swallowing_ids = swallowing_ids(tokenizer)

    def encode(self, prompt: str, options: Sequence[str], name: str | None = None) -> EncodedPrompt:
        """Encode one prompt with its options.

        A prompt that spells what the tokenizer puts in front of every text (BOS, or several special tokens) does not
        get it twice.

        Args:
            prompt: the text before the options; may be empty where the tokenizer has BOS or EOS.
            options: the continuations, each with its own leading space if it needs one.
            name: what errors call this example; its prompt's beginning if not given.

        Raises:
            UnscorableError: the tokenizer drops a character, an option has no tokens that stand for its text and for
                no other option's, or the prompt spells a part of what the tokenizer puts in front.
            EncodingError: the input is longer than the model admits, or a token has no row in the embedding.
        """
        name = name or f"prompt {prompt[:40]!r}"
        try:
            adds = adds_opening(self.tokenizer, self._opening, prompt)
        except ValueError as error:
            raise UnscorableError(f"{name}: {error}, or {LEAVE_OUT}") from error
        found = self._together(prompt, options, name, adds, self.prefix_ids)
        if excess := self._excess(found):
            if not self.cut_left:
                raise EncodingError(
                    f"{name}: {found.longest} tokens, the model admits {self.maximum_tokens}; leave the example out, "
                    "use a model with a longer context, or type scoring.over_long: cut_left"
                )
            if excess > len(found.prompt_ids) - max(found.special, 1):
                raise EncodingError(
                    f"{name}: its longest option alone leaves no room in the {self.maximum_tokens} tokens that the "
                    "model admits; leave the example out, or use a model with a longer context"
                )
            self.cut.add(name)
            found = found.cut_left(excess)
        if wrong := self._without_row(found):
            raise EncodingError(f"{name}: {wrong}")
        return found

    def encode_rest(
        self, encoded: EncodedPrompt, text: str, options: Sequence[str], name: str
    ) -> EncodedPrompt | None:
        """Encode what is left of a prompt's text as the whole was encoded.

        Special tokens are added where they were added to the whole, and tokens that it lost at its start stay lost.

        Args:
            encoded: the whole prompt.
            text: `encoded.text` without the characters of some features.
            options, name: as for `encode`.

        Returns:
            None where the rest is longer than the model admits, spells a special token that the prompt does not have,
            or cannot be encoded although the whole could: tokenised anew, such a rest differs from the prompt by more
            than was removed.

        Raises:
            EncodingError: nothing is left, and the tokenizer has no token to start from.
        """
        opening = encoded.prompt_ids[: encoded.special] or self.prefix_ids
        try:
            rest = self._together(text, options, name, encoded.adds_special_tokens, opening)
        except EncodingError:
            if not any(map(is_visible, text)):
                raise
            return None
        if encoded.lost:
            begin = next((start for start, _ in encoded.characters[encoded.special :]), 0)
            ends = [end for _, end in rest.characters[rest.special :]]
            before = next((n for n, end in enumerate(ends) if end > begin), len(ends))
            rest = rest.cut_left(min(encoded.lost, before))
        if not rest.prompt_ids:
            rest = self._together("", options, name, encoded.adds_special_tokens, opening)
        elif self._excess(rest) or (
            text.strip() and self._specials(rest) != self._specials(encoded)
        ):
            return None
        return None if self._without_row(rest) else rest

    def _together(
        self, prompt: str, options: Sequence[str], name: str, adds: bool, opening: tuple[int, ...]
    ) -> EncodedPrompt:
        """Prompt and options, however long; `opening` stands in for an empty prompt."""
        context = prompt.rstrip()
        seam = prompt[len(context) :]
        tokens = self._context(context, name, adds)
        if not tokens.ids:  # nothing, or only what the tokenizer drops
            if not opening:
                raise EncodingError(
                    f"{name}: empty, and the tokenizer has neither BOS nor EOS to start from; leave the example out"
                )
            tokens = Tokens(opening, ((0, 0),) * len(opening), (True,) * len(opening))
            context, seam = "", prompt
        characters = characters_of(self.tokenizer, context, tokens)
        if (place := dropped(self.tokenizer, prompt, characters)) is not None:
            raise UnscorableError(
                f"{name}: the tokenizer drops {prompt[place]!r} (character {place}); replace the character, use a "
                f"model whose tokenizer knows it, or {LEAVE_OUT}"
            )
        found = [self._option(context, tokens, seam, option, name, adds) for option in options]
        if wrong := refuse_options(self.tokenizer, found, self._unknown_ids):
            raise UnscorableError(f"{name}: {wrong}")
        is_special = [
            put_in or token in self._special_ids
            for token, put_in in zip(tokens.ids, tokens.put_in, strict=True)
        ]
        return EncodedPrompt(
            prompt_ids=tokens.ids,
            option_ids=tuple(option.tokens.ids for option in found),
            text=prompt,
            spans=tuple(visible_characters(context, characters)),
            characters=tuple(characters),
            special=is_special.index(False) if False in is_special else len(is_special),
            features=tuple(place for place, special in enumerate(is_special) if not special),
            adds_special_tokens=adds,
        )

    def _context(self, context: str, name: str, adds: bool) -> Tokens:
        if not context:
            return Tokens((), (), ())
        tokens = tokenise(self.tokenizer, context, adds)
        if tokens.put_in[-1:] == (True,) and not all(tokens.put_in):
            raise EncodingError(
                f"{name}: the tokenizer ends every text with a special token, so no option can follow; use a model "
                "whose tokenizer does not"
            )
        return tokens

    def _option(
        self, context: str, prompt: Tokens, seam: str, option: str, name: str, adds: bool
    ) -> OptionTokens:
        text = seam + option
        tokens: Tokens | None
        if context:
            swallows = prompt.ids[-1] in self._swallowing_ids
            white = len(text) - len(text.lstrip()) if swallows else 0
            whole = tokenise(self.tokenizer, context + text, adds)
            tokens = split(whole, prompt, len(context), white)
            if tokens is None:
                tokens = continuation(self.tokenizer, context, text)
                self.apart.add(name)
        else:
            tokens = tokenise(self.tokenizer, text, False)
        return OptionTokens(option, text, tokens or Tokens((), (), ()))

    def _specials(self, encoded: EncodedPrompt) -> list[int]:
        return [token for token in encoded.prompt_ids if token in self._special_ids]

    def _without_row(self, encoded: EncodedPrompt) -> str | None:
        """What is wrong where a token has no row in the embedding."""
        wrongs = (
            without_row(self.tokenizer, ids, self.embedding_rows)
            for ids in (encoded.prompt_ids, *encoded.option_ids)
        )
        return next(filter(None, wrongs), None)

    def _excess(self, encoded: EncodedPrompt) -> int:
        """How many tokens are too many."""
        return 0 if self.maximum_tokens is None else max(0, encoded.longest - self.maximum_tokens)


def _start(tokenizer: PreTrainedTokenizerFast) -> tuple[int, ...]:
    """BOS, or EOS without one."""
    ids = (tokenizer.bos_token_id, tokenizer.eos_token_id)
    return tuple(int(token) for token in ids if token is not None)[:1]
