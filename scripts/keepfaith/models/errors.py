"""Errors for model folders that do not load: one line each, with what to do about it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


class LoadingError(Exception):
    """A model folder cannot be loaded, or the loaded model differs from its configuration."""


def one_line(error: BaseException, longest: int = 300) -> str:
    """An error of another library for use in a sentence: its type and message, on one line."""
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return text if len(text) <= longest else f"{text[: longest - 3]}..."


@contextmanager
def refused(file: Path | str, cure: str | Callable[[BaseException], str]) -> Iterator[None]:
    """Turn any error raised while `file` is read into one line that names the file and ends with a cure.

    Args:
        file: the file.
        cure: what to do about the error, or a function that makes this text from the error.

    Raises:
        LoadingError: another library fails on the file's content, in any way: a panic of Rust is not an `Exception`.
    """
    try:
        yield
    except (LoadingError, MemoryError, KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:
        words = cure if isinstance(cure, str) else cure(error)
        raise LoadingError(f"{file}: {one_line(error)}; {words}") from error
