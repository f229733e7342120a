"""Rows: token sequences in a trie, so that what several of them begin with is fed once.

An option of n tokens needs n logits: the first stands at the prompt's last token, the others at the option's own
tokens but its last, which therefore is never fed. So a prompt with one option is a sequence of tokens, some of which
are read. All sequences together are a trie: options after their prompt, prompts after an instruction or solved examples
that they share, subsets of a text's segments after their common beginning. A row is a piece of that trie in
depth-first order, with its path to the root; a token sees its ancestors and itself:

    tokens     p0 p1 p2 | a0 a1 | b0 | c0 c1 c2        options a, b and c after one prompt
    positions   0  1  2 |  3  4 |  3 |  3  4  5
    ends        9  9  9 |  5  5 |  6 |  9  9  9        where the subtree of a token ends

In depth-first order the ancestors of a token are those before it whose subtree has not ended: `ends` is all that the
attention mask needs.

This needs an architecture that takes a ready-made attention mask and position numbers (see `packing`). Otherwise a row
is one sequence, with all those that it begins with: options of one token never need a row of their own.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import NamedTuple

import torch

ROW_TOKENS = 256
"""Tokens up to which a row grows, whatever the length of its sequences: rows of short prompts share more that way."""
ROW_SEQUENCES = 4
"""Longest row, in lengths of its first sequence, beyond `ROW_TOKENS`. Each row feeds a path to the root again, a
quarter of it then; attention over the row grows with its square."""


TOKEN_BITS = 32
"""Room for a token id in a step of a sequence."""
TOKEN_MASK = (1 << TOKEN_BITS) - 1


class TokenPrompt(NamedTuple):
    """A prompt's tokens, with their positions where these are not 0, 1, 2, ...; positions rise."""

    ids: tuple[int, ...]
    positions: tuple[int, ...] | None = None


Options = Mapping[tuple[int, ...], int]
"""Options of one prompt, each with its slot."""


class _Sequence(NamedTuple):
    """One path from the root: a prompt with all of an option but its last token.

    `steps` holds every token with its position, `position << TOKEN_BITS | token`: only equal tokens at equal positions
    are one node of the trie.
    """

    steps: tuple[int, ...]
    first_read: int
    option: tuple[int, ...]
    slot: int


@dataclass
class Row:
    """One sequence or several to feed. `columns[i]` is where the logits for `targets[i]`, part of `slots[i]`, stand.

    Attributes:
        tokens, positions, ends: [T], see above.
        columns, targets, slots: [N].
        branched: whether something stands beside something it must not see, so that the row needs its own mask.
        band: numbers what the model computes by the length of its longest input: rows of two bands never share a batch
            (see `Packing.turns`).
    """

    tokens: list[int] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    columns: list[int] = field(default_factory=list)
    targets: list[int] = field(default_factory=list)
    slots: list[int] = field(default_factory=list)
    branched: bool = False
    band: int = 0
    _path: list[int] = field(default_factory=list)
    """Nodes of the newest sequence, from the root."""

    @property
    def gaps(self) -> bool:
        """Whether a position is left out, so that the model has to be told all of them."""
        return not self.branched and bool(self.tokens) and self.positions[-1] != len(self) - 1

    def __len__(self) -> int:
        return len(self.tokens)

    def add(self, sequence: _Sequence, shared: int) -> None:
        """Add the newest sequence's neighbour, which begins with `shared` tokens of it."""
        self.branched |= shared < len(self._path)
        self._close(shared)
        for step in sequence.steps[shared:]:
            self._path.append(len(self.tokens))
            self.tokens.append(step & TOKEN_MASK)
            self.positions.append(step >> TOKEN_BITS)
            self.ends.append(-1)
        reads = self._path[sequence.first_read :]
        self.columns += reads
        self.targets += sequence.option
        self.slots += [sequence.slot] * len(reads)

    def finished(self) -> "Row":
        """The row, with the end of every subtree."""
        self._close(0)
        return self

    def _close(self, depth: int) -> None:
        for node in self._path[depth:]:
            self.ends[node] = len(self.tokens)
        del self._path[depth:]


@dataclass(frozen=True)
class Packing:
    """Whether sequences may branch within a row, rows of at most `longest` tokens; and why not, if not.

    Attributes:
        possible, reason, longest: see above.
        turns: numbers of tokens, rising, beyond which the model computes every position of a batch in another way
            (`models.positions`). A sequence is as long as it would be alone, wherever it stands in a row.
    """

    possible: bool
    reason: str = ""
    longest: int | None = None
    turns: tuple[int, ...] = ()

    def rows(self, questions: Mapping[TokenPrompt, Options]) -> list[Row]:
        """The rows that score every prompt's options (with their slots)."""
        bands: dict[int, list[_Sequence]] = {}
        for sequence in _sequences(questions):
            bands.setdefault(bisect_left(self.turns, len(sequence.steps)), []).append(sequence)
        return [row for band, some in bands.items() for row in self._of_one_band(some, band)]

    def _of_one_band(self, sequences: list[_Sequence], band: int) -> Iterator[Row]:
        """Neighbours in the trie together, as long as it pays."""
        # Sorted, a sequence shares more with its neighbour than with any other, and follows those it begins with.
        sequences.sort()
        row, limit = Row(band=band), 0
        before: tuple[int, ...] = ()
        for sequence in sequences:
            shared = _common(before, sequence.steps)
            if row.tokens and not self._joins(row, limit, len(before), shared, len(sequence.steps)):
                yield row.finished()
                row, shared = Row(band=band), 0
            if not row.tokens:
                limit = self._limit(len(sequence.steps))
            row.add(sequence, shared)
            before = sequence.steps
        if row.tokens:
            yield row.finished()

    def _limit(self, length: int) -> int:
        limit = max(ROW_TOKENS, ROW_SEQUENCES * length)
        return limit if self.longest is None else min(limit, self.longest)

    def _joins(self, row: Row, limit: int, before: int, shared: int, length: int) -> bool:
        """Whether a sequence goes into the row of its neighbour, of which it shares some tokens.

        A chain needs no mask and always pays. A branch saves its shared tokens, and pays with attention to tokens that
        it does not see; it also must fit.
        """
        new = length - shared
        if shared == before and not row.branched:
            return True
        return self.possible and 2 * shared >= new and len(row) + new <= limit


def _sequences(questions: Mapping[TokenPrompt, Options]) -> Iterator[_Sequence]:
    for prompt, options in questions.items():
        positions = prompt.positions or range(len(prompt.ids))
        steps = _steps(positions, prompt.ids)
        for option, slot in options.items():
            fed = _steps(count(positions[-1] + 1), option[:-1])
            yield _Sequence(steps + fed, len(steps) - 1, option, slot)


def _steps(positions: Iterable[int], tokens: Iterable[int]) -> tuple[int, ...]:
    pairs = zip(positions, tokens, strict=False)  # positions may have no end
    return tuple(position << TOKEN_BITS | token for position, token in pairs)


def _common(one: Sequence[int], other: Sequence[int]) -> int:
    """How many steps two sequences share from the root."""
    longest = min(len(one), len(other))
    if one[:longest] == other[:longest]:
        return longest
    return next(depth for depth in range(longest) if one[depth] != other[depth])


def ancestor_mask(ends: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """Additive attention mask of branched rows: a token sees its ancestors and itself.

    Args:
        ends: [B, T] where every token's subtree ends; T for padding.
        dtype: the model's.

    Returns:
        [B, 1, T, T]: 0 where query (third axis) sees key (fourth), the least finite number elsewhere.
    """
    length = ends.shape[1]
    here = torch.arange(length, device=ends.device)
    before = here[None, :] <= here[:, None]  # [T queries, T keys]
    open_yet = here[None, :, None] < ends[:, None, :]  # [B, T queries, T keys]
    seen = (before & open_yet)[:, None]  # [B, 1, T queries, T keys]
    mask = torch.zeros(seen.shape, dtype=dtype, device=ends.device)
    return mask.masked_fill_(~seen, torch.finfo(dtype).min)
