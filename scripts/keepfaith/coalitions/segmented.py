"""A prompt as token ids with the segments that coalitions keep or remove, and which tokens belong to which segment."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keepfaith.config.spans import Span
from keepfaith.scoring.encoding import EncodedPrompt

NO_SEGMENT = -1
"""Of a token of the template, and of a special one."""


def segment_of_tokens(tokens: Sequence[Span], segments: Sequence[Span]) -> NDArray[np.int64]:
    """Which segment each token's first visible character lies in, [tokens]; `NO_SEGMENT` where it is in none.

    A token that reaches into two segments belongs to the first.

    Args:
        tokens: visible characters [start, end) of every token; an empty span lies nowhere.
        segments: characters [start, end), in the order of the text.

    Examples:
        >>> segment_of_tokens([(0, 2), (3, 6), (6, 9), (0, 0)], [(3, 9)]).tolist()
        [-1, 0, 0, -1]
    """
    found = np.full(len(tokens), NO_SEGMENT, dtype=np.int64)
    for token, (start, end) in enumerate(tokens):
        for number, (first, last) in enumerate(segments):
            if start < end and first < end and start < last:
                found[token] = number
                break
    return found


@dataclass(frozen=True)
class SegmentedPrompt:
    """One example's prompt, whole, and how it is cut.

    Attributes:
        name: what errors call the example.
        encoded: the whole prompt with its options.
        options: their texts.
        fields: characters of the prompt's fields.
        segments: characters of its segments.
    """

    name: str
    encoded: EncodedPrompt
    options: tuple[str, ...]
    fields: tuple[Span, ...]
    segments: tuple[Span, ...]

    @property
    def full(self) -> int:
        """The coalition of all segments."""
        return (1 << len(self.segments)) - 1

    def staying(self, coalition: int) -> list[int]:
        """Positions in the whole prompt of the tokens that belong to no segment, or to one that is kept; rising."""
        of_token = segment_of_tokens(self.encoded.spans, self.segments)
        return [
            position
            for position, segment in enumerate(of_token.tolist())
            if segment == NO_SEGMENT or coalition >> segment & 1
        ]
