"""Check of choices: their tokens must differ from each other's, and stand for their text."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from transformers import PreTrainedTokenizerBase

from keepfaith.scoring.characters import mask
from keepfaith.scoring.errors import LEAVE_OUT
from keepfaith.scoring.tokens import Tokens, characters_of, dropped, token_spellings


@dataclass(frozen=True)
class OptionTokens:
    """A choice as it follows its prompt.

    Attributes:
        option: its text as given by the task.
        text: the text of its tokens: with the white space at the end of the prompt.
        tokens: its tokens, with offsets in `text`.
    """

    option: str
    text: str
    tokens: Tokens


def refuse_options(
    tokenizer: PreTrainedTokenizerBase, options: Sequence[OptionTokens], unknown: frozenset[int]
) -> str | None:
    """Why an example's choices cannot be scored, in words; None if they can.

    Args:
        tokenizer: names the tokens.
        options: all choices of one example.
        unknown: ids that stand for characters that the tokenizer does not know.
    """
    for option in options:
        if not option.tokens.ids:
            return (
                f"choice {option.option!r} has no token of its own after the prompt: the tokenizer drops it; write it "
                f"with other characters, use a model whose tokenizer knows it, or {LEAVE_OUT}"
            )
    for one, other in combinations(options, 2):
        if one.tokens.ids == other.tokens.ids:
            spelt = token_spellings(tokenizer, one.tokens.ids)
            return (
                f"choices {one.option!r} and {other.option!r} are the same tokens, {spelt}, so no label can tell them "
                f"apart; write one with other characters, use a model whose tokenizer tells them apart, or {LEAVE_OUT}"
            )
    for option in options:
        if found := _not_spelt(tokenizer, option, unknown):
            return (
                f"choice {option.option!r}: {found}; write it with other characters, use a model whose tokenizer "
                f"knows it, or {LEAVE_OUT}"
            )
    return None


def _not_spelt(
    tokenizer: PreTrainedTokenizerBase, option: OptionTokens, unknown: frozenset[int]
) -> str | None:
    """The first character of a choice that none of its tokens stands for, in words; white space is exempt."""
    tokens, text = option.tokens, option.text
    characters = characters_of(tokenizer, text, tokens)
    if (index := dropped(tokenizer, text, characters)) is not None:
        return f"the tokenizer drops {text[index]!r}"
    spans = [span for token, span in zip(tokens.ids, characters, strict=True) if token in unknown]
    inside = mask(len(text), spans)
    for character, is_unknown in zip(text, inside, strict=True):
        if is_unknown and not character.isspace():
            return f"the tokenizer does not know {character!r} and encodes it as the unknown token"
    return None
