"""The errors of encoding: a sentence on one line."""


class EncodingError(Exception):
    """A prompt or option cannot be scored as it stands."""


class UnscorableError(EncodingError):
    """The tokenizer has no tokens that stand for an example's text; `scoring.unscorable` says what becomes of it."""


LEAVE_OUT = "type scoring.unscorable: leave_out to evaluate this model without such examples"
"""The advice that can always be followed."""
