"""Why a model folder does not load: one line, with what to do about it."""


class LoadingError(Exception):
    """A model folder cannot be loaded, or not to what its configuration says."""


def one_line(error: Exception, longest: int = 300) -> str:
    """An error of another library as it may stand in a sentence: its kind and its words, on one line."""
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return text if len(text) <= longest else f"{text[: longest - 3]}..."
