"""Errors of encoding: one line each."""


class EncodingError(Exception):
    """A prompt or choice cannot be scored as it is."""


class UnscorableError(EncodingError):
    """The tokenizer has no tokens that stand for an example's text; `scoring.unscorable` decides what to do with it."""


LEAVE_OUT = "type scoring.unscorable: leave_out to evaluate this model without such examples"
"""Advice that always applies."""
