"""The one error of encoding: a sentence on one line."""


class EncodingError(Exception):
    """A prompt or option cannot be scored as it stands."""
