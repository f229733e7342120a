"""Reading of a local file of calibration text."""

from collections.abc import Iterator
from pathlib import Path

from keepfaith.config.errors import ConfigError, nearest, shown
from keepfaith.config.files import existing, read_rows, read_text
from keepfaith.config.schema import LocalText


def local_texts(source: LocalText) -> Iterator[str]:
    """The non-empty texts of a file, in its order.

    Raises:
        ConfigError: the file cannot be read, has no such column, or a value of it is not text.
    """
    path = Path(source.path)
    if path.suffix == ".txt":
        existing(path)
        lines = (line.removesuffix("\r") for line in read_text(path).split("\n"))
        yield from (line for line in lines if line.strip())
        return
    for location, row in read_rows(path):
        if source.column not in row:
            raise ConfigError(
                path,
                f"{location}: no column {source.column!r}{nearest(source.column, map(str, row))}",
            )
        text = row[source.column]
        if not isinstance(text, str):
            raise ConfigError(
                path, f"{location}: column {source.column!r} must be text, got {shown(text)}"
            )
        if text.strip():
            yield text
