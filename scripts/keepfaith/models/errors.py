"""Why a model folder does not load: one line, with what to do about it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


class LoadingError(Exception):
    """A model folder cannot be loaded, or not to what its configuration says."""


def one_line(error: BaseException, longest: int = 300) -> str:
    """An error of another library as it may stand in a sentence: its kind and its words, on one line."""
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return text if len(text) <= longest else f"{text[: longest - 3]}..."


@contextmanager
def refused(file: Path | str, cure: str | Callable[[BaseException], str]) -> Iterator[None]:
    """Whatever is raised while `file` is read becomes one line that names it, and ends with a cure.

    Args:
        file: see above.
        cure: what to do about it, or how that is made from the error.

    Raises:
        LoadingError: another library fails on what the file says, in whatever way: a panic of Rust is no `Exception`.
    """
    try:
        yield
    except (LoadingError, MemoryError, KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:
        words = cure if isinstance(cure, str) else cure(error)
        raise LoadingError(f"{file}: {one_line(error)}; {words}") from error
