"""Text to token ids: a prompt and its choices, tokenised together and then split.

The split is that of lm-evaluation-harness: if the prompt alone has n tokens, a choice's tokens are those of
prompt + choice after the first n; spaces at the end of the prompt belong to the choice. If the tokenizer merges across
the border, that split gives tokens that spell something else; then the choice is tokenised by itself. White space
that the prompt's last token absorbs (an added token with `rstrip`) has no token, and needs none.
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
    """A prompt and its choices as token ids.

    Attributes:
        prompt_ids: the prompt's tokens, special tokens included; never empty.
        option_ids: the tokens of every choice after the prompt.
        text: the prompt as given.
        spans: for every prompt token its visible characters [start, end) in `text`; empty for special tokens that
            the tokenizer added, shared by the byte tokens of one character.
        characters: for every prompt token the characters that are removed with it: those of `spans` and the spaces
            that the token spells.
        special: number of leading special tokens (such as BOS), added by the tokenizer or spelled in the text.
        features: positions in `prompt_ids` of the tokens that can be removed, ascending: all but special tokens. Those
            further inside stay in every perturbed prompt, as the leading ones do.
        adds_special_tokens: whether the tokenizer was asked to add its special tokens.
        lost: number of tokens cut after the leading special ones, because the prompt was too long.
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
        return tuple(index for index in range(len(self.prompt_ids)) if index not in features)

    @property
    def longest(self) -> int:
        """Tokens of the longest input to the model: a choice's last token is not fed."""
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
    """Encodes prompts with their choices; special tokens follow the tokenizer's own default.

    Attributes:
        tokenizer: a fast tokenizer; it is set to report offsets untrimmed, which changes no id.
        maximum_tokens: longest input that the model accepts, or None for no limit.
        cut_left: whether a longer prompt loses tokens at its start, special ones kept, instead of being
            refused.
        embedding_rows: rows of the model's input embedding, or None if unknown.
        cut: names of the examples cut so far.
        apart: names of the examples with a choice that was tokenised by itself.
        prefix_ids: replacement for an empty prompt: the tokens that the tokenizer adds before every text, else BOS,
            else EOS, as in lm-evaluation-harness; empty if the tokenizer has none of these.

    Examples:
        >>> from keepfaith.config.shipped import BUILTIN_CHECKPOINT
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
        """Encode one prompt with its choices.

        If the prompt already begins with the tokens that the tokenizer adds before every text (BOS, or several special
        tokens), they are not added again.

        Args:
            prompt: the text before the choices; may be empty if the tokenizer has BOS or EOS.
            options: the choices, each with its own leading space if it needs one.
            name: name of the example in errors; by default the beginning of its prompt.

        Raises:
            UnscorableError: the tokenizer drops a character, a choice has no tokens that stand for its text and for
                no other choice's, or the prompt begins with only a part of the tokens that the tokenizer adds.
            EncodingError: the input is longer than the model accepts, or a token has no row in the embedding.
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
                    f"{name}: its longest choice alone fills the {self.maximum_tokens} tokens that the model admits; "
                    "leave the example out, or use a model with a longer context"
                )
            self.cut.add(name)
            found = found.cut_left(excess)
        if wrong := self._without_row(found):
            raise EncodingError(f"{name}: {wrong}")
        return found

    def encode_rest(
        self, encoded: EncodedPrompt, text: str, options: Sequence[str], name: str
    ) -> EncodedPrompt | None:
        """Encode the rest of a prompt's text in the same way as the whole.

        Special tokens are added if they were added to the whole, and tokens cut at its start stay cut.

        Args:
            encoded: the whole prompt.
            text: `encoded.text` without the characters of some features.
            options, name: as for `encode`.

        Returns:
            None if the rest is longer than the model accepts, contains a special token that the prompt does not have,
            or cannot be encoded although the whole could: tokenised again, such a rest differs from the prompt by more
            than the removed features.

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
        """Prompt and choices of any length; `opening` replaces an empty prompt."""
        context = prompt.rstrip()
        white = prompt[len(context) :]
        tokens = self._context(context, name, adds)
        if not tokens.ids:  # empty, or only characters that the tokenizer drops
            if not opening:
                raise EncodingError(
                    f"{name}: empty, and the tokenizer has neither BOS nor EOS to start from; leave the example out"
                )
            tokens = Tokens(opening, ((0, 0),) * len(opening), (True,) * len(opening))
            context, white = "", prompt
        characters = characters_of(self.tokenizer, context, tokens)
        if (index := dropped(self.tokenizer, prompt, characters)) is not None:
            raise UnscorableError(
                f"{name}: the tokenizer drops {prompt[index]!r} (character {index}); replace the character, use a "
                f"model whose tokenizer knows it, or {LEAVE_OUT}"
            )
        found = [self._option(context, tokens, white, option, name, adds) for option in options]
        if wrong := refuse_options(self.tokenizer, found, self._unknown_ids):
            raise UnscorableError(f"{name}: {wrong}")
        is_special = [
            added or token in self._special_ids
            for token, added in zip(tokens.ids, tokens.added, strict=True)
        ]
        return EncodedPrompt(
            prompt_ids=tokens.ids,
            option_ids=tuple(option.tokens.ids for option in found),
            text=prompt,
            spans=tuple(visible_characters(context, characters)),
            characters=tuple(characters),
            special=is_special.index(False) if False in is_special else len(is_special),
            features=tuple(index for index, special in enumerate(is_special) if not special),
            adds_special_tokens=adds,
        )

    def _context(self, context: str, name: str, adds: bool) -> Tokens:
        if not context:
            return Tokens((), (), ())
        tokens = tokenise(self.tokenizer, context, adds)
        if tokens.added[-1:] == (True,) and not all(tokens.added):
            raise EncodingError(
                f"{name}: the tokenizer ends every text with a special token, so no choice can follow; use a model "
                "whose tokenizer does not"
            )
        return tokens

    def _option(
        self, context: str, prompt: Tokens, white: str, option: str, name: str, adds: bool
    ) -> OptionTokens:
        text = white + option
        tokens: Tokens | None
        if context:
            swallows = prompt.ids[-1] in self._swallowing_ids
            swallowed = len(text) - len(text.lstrip()) if swallows else 0
            whole = tokenise(self.tokenizer, context + text, adds)
            tokens = split(whole, prompt, len(context), swallowed)
            if tokens is None:
                tokens = continuation(self.tokenizer, context, text)
                self.apart.add(name)
        else:
            tokens = tokenise(self.tokenizer, text, False)
        return OptionTokens(option, text, tokens or Tokens((), (), ()))

    def _specials(self, encoded: EncodedPrompt) -> list[int]:
        return [token for token in encoded.prompt_ids if token in self._special_ids]

    def _without_row(self, encoded: EncodedPrompt) -> str | None:
        """The problem in words if a token has no row in the embedding."""
        wrongs = (
            without_row(self.tokenizer, ids, self.embedding_rows)
            for ids in (encoded.prompt_ids, *encoded.option_ids)
        )
        return next(filter(None, wrongs), None)

    def _excess(self, encoded: EncodedPrompt) -> int:
        """Number of tokens above the limit."""
        return 0 if self.maximum_tokens is None else max(0, encoded.longest - self.maximum_tokens)


def _start(tokenizer: PreTrainedTokenizerFast) -> tuple[int, ...]:
    """BOS, or EOS if there is no BOS."""
    ids = (tokenizer.bos_token_id, tokenizer.eos_token_id)
    return tuple(int(token) for token in ids if token is not None)[:1]
