"""Rows: a prompt with its options behind it, once, and a shared prefix with its prompts behind it, once.

An option of n tokens needs n logits: the first stands at the prompt's last token, the others at the
option's own tokens but its last, which therefore is never fed. All options can stand in one row:

    tokens     p0 p1 p2 | a0 a1 | b0 | c0 c1 c2
    positions   0  1  2 |  3  4 |  3 |  3  4  5
    block       0  0  0 |  1  1 |  2 |  3  3  3

where a token sees the prompt and its own block up to itself. In the same way all prompts that begin alike
(an instruction, solved examples) can stand behind one copy of what they share, each a *branch* with its
options, so that it is computed once per row instead of once per prompt.

This needs an architecture that takes a ready-made attention mask and position numbers (see `packing`).
Otherwise every option gets a row of its own. One-token options never need a row of their own.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch

LEAST_PREFIX = 32
"""Shortest shared prefix, in tokens, that is worth a mask."""
ROW_PREFIXES = 4
"""Longest row of prompts that share a prefix, in lengths of that prefix: three quarters of it are prompts."""


@dataclass
class Row:
    """One sequence to feed. `columns[i]` is where the logits for `targets[i]`, part of `slots[i]`, stand.

    `branches` numbers the prompts of a row from 1, 0 is what they share; `blocks` numbers the options
    from 1, 0 is prompt. `band` numbers what the model computes by the length of its longest input: rows of two
    bands never share a batch (see `Packing.turns`).
    """

    tokens: list[int] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    branches: list[int] = field(default_factory=list)
    blocks: list[int] = field(default_factory=list)
    columns: list[int] = field(default_factory=list)
    targets: list[int] = field(default_factory=list)
    slots: list[int] = field(default_factory=list)
    shared: int = 0
    prompts: int = 0
    options: int = 0
    band: int = 0

    @property
    def packed(self) -> bool:
        """Whether something stands beside something it must not see, so that the row needs its own mask."""
        return self.options > 1 or self.prompts > 1

    def __len__(self) -> int:
        return len(self.tokens)

    def share(self, prefix: tuple[int, ...]) -> None:
        """Begin the row with what all of its prompts begin with."""
        self._feed(prefix, 0, branch=0, block=0)
        self.shared = len(prefix)

    def prompt(self, rest: tuple[int, ...]) -> None:
        """Put a prompt behind the shared prefix; `rest` is its tokens behind that, at least one."""
        self.prompts += 1
        self._feed(rest, self.shared, branch=self.prompts, block=0)
        self._last, self._length = len(self.tokens) - 1, self.shared + len(rest)

    def option(self, option: tuple[int, ...], slot: int) -> None:
        """Put an option behind the newest prompt, in a block of its own."""
        start, fed = len(self.tokens), option[:-1]
        self.columns += [self._last, *range(start, start + len(fed))]
        self.targets += option
        self.slots += [slot] * len(option)
        self.options += bool(fed)
        self._feed(fed, self._length, branch=self.prompts, block=self.options)

    def _feed(self, tokens: tuple[int, ...], position: int, branch: int, block: int) -> None:
        self.tokens += tokens
        self.positions += range(position, position + len(tokens))
        self.branches += [branch] * len(tokens)
        self.blocks += [block] * len(tokens)


Options = Mapping[tuple[int, ...], int]
"""Options of one prompt, each with its slot."""


@dataclass(frozen=True)
class Packing:
    """Whether options may share a row, rows of at most `longest` tokens; and why not, if not.

    Attributes:
        possible, reason, longest: see above.
        turns: numbers of tokens, rising, beyond which the model computes every position of a batch in another way
            (`models.positions`). A prompt with an option is as long as it would be alone, wherever it stands in a row.
    """

    possible: bool
    reason: str = ""
    longest: int | None = None
    turns: tuple[int, ...] = ()

    def rows(self, questions: Mapping[tuple[int, ...], Options]) -> list[Row]:
        """The rows that score every prompt's options (with their slots)."""
        if not self.turns:
            return self._of_one_band(questions)
        bands: dict[int, dict[tuple[int, ...], dict[tuple[int, ...], int]]] = {}
        for prompt, options in questions.items():
            for option, slot in options.items():
                band = bisect_left(self.turns, len(prompt) + len(option) - 1)
                bands.setdefault(band, {}).setdefault(prompt, {})[option] = slot
        found = []
        for band, some in bands.items():
            for row in self._of_one_band(some):
                row.band = band
                found.append(row)
        return found

    def _of_one_band(self, questions: Mapping[tuple[int, ...], Options]) -> list[Row]:
        prefix = shared_prefix(list(questions)) if self.possible else ()
        if prefix:
            return self._behind(prefix, questions)
        return [
            row for prompt, options in questions.items() for row in self._alone(prompt, options)
        ]

    def _alone(self, prompt: tuple[int, ...], options: Options) -> list[Row]:
        """Rows of one prompt: a single one, if its options may share it."""
        together = self.possible and (
            self.longest is None or len(prompt) + _fed(options) <= self.longest
        )
        rows = [_prompt_row(prompt)]
        for option, slot in sorted(options.items(), key=lambda item: len(item[0])):
            if len(option) > 1 and rows[-1].options and not together:
                rows.append(_prompt_row(prompt))
            rows[-1].option(option, slot)
        return rows

    def _behind(
        self, prefix: tuple[int, ...], questions: Mapping[tuple[int, ...], Options]
    ) -> list[Row]:
        """Rows of several prompts behind their shared prefix."""
        limit = ROW_PREFIXES * len(prefix)
        if self.longest is not None:
            limit = min(limit, self.longest)
        rows: list[Row] = []
        others: list[Row] = []
        for prompt, options in questions.items():
            rest = prompt[len(prefix) :]
            size = len(rest) + _fed(options)
            if len(prefix) + size > limit:
                others += self._alone(prompt, options)
                continue
            if not rows or len(rows[-1]) + size > limit:
                rows.append(Row())
                rows[-1].share(prefix)
            rows[-1].prompt(rest)
            for option, slot in options.items():
                rows[-1].option(option, slot)
        return rows + others


def shared_prefix(prompts: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    """What all prompts begin with, such as an instruction or solved examples, where sharing it pays.

    It leaves every prompt a token of its own. It pays where it is `LEAST_PREFIX` tokens or more and no
    shorter than the rest of the prompts is on average.
    """
    if len(prompts) < 2:
        return ()
    first, last = min(prompts), max(prompts)
    longest = min(map(len, prompts)) - 1
    size = next((i for i in range(longest) if first[i] != last[i]), longest)
    rest = sum(map(len, prompts)) / len(prompts) - size
    return first[:size] if size >= max(LEAST_PREFIX, rest) else ()


def _fed(options: Options) -> int:
    """Tokens that the options add to a row."""
    return sum(len(option) - 1 for option in options)


def _prompt_row(prompt: tuple[int, ...]) -> Row:
    row = Row()
    row.prompt(prompt)
    return row


def block_mask(branches: torch.Tensor, blocks: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """Additive attention mask of packed rows.

    A token sees what stands before it in the shared prefix, its own prompt and its own option.

    Args:
        branches: [B, T], 0 for a shared prefix, 1.. for prompts, -1 for padding.
        blocks: [B, T], 0 for prompts, 1.. for options, -1 for padding.
        dtype: the model's.

    Returns:
        [B, 1, T, T]: 0 where query (third axis) sees key (fourth), the least finite number elsewhere.
    """
    length = blocks.shape[1]
    causal = torch.ones(length, length, dtype=torch.bool, device=blocks.device).tril()  # [T, T]
    seen = (causal & _upwards(branches) & _upwards(blocks))[:, None]  # [B, 1, T, T]
    mask = torch.zeros(seen.shape, dtype=dtype, device=blocks.device)
    return mask.masked_fill_(~seen, torch.finfo(dtype).min)


def _upwards(numbers: torch.Tensor) -> torch.Tensor:
    """[B, T, T]: whether the key's number is 0 or the query's own."""
    keys = numbers[:, None, :]  # [B, 1, T]
    return (keys == 0) | (keys == numbers[:, :, None])  # [B, T, T]: query, key
