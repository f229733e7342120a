"""Character ranges of a text: start included, end excluded."""

Span = tuple[int, int]

Spans = tuple[Span, ...]
"""Ranges in the order of the text."""
