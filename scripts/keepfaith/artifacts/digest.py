"""Digest of the contents of a table, independent of file format and library version."""

import hashlib
from collections.abc import Iterator

import polars as pl


def content_digest(frame: pl.DataFrame) -> str:
    """SHA-256 over names, types, lengths and values of all columns, in their order; null differs from any value."""
    digest = hashlib.sha256()
    for column in frame.iter_columns():
        for block in _blocks(column):
            digest.update(len(block).to_bytes(8, "little"))
            digest.update(block)
    return digest.hexdigest()


def _blocks(column: pl.Series) -> Iterator[bytes]:
    yield f"{column.name}: {column.dtype}, {len(column)}".encode()
    yield column.is_null().cast(pl.UInt8).to_numpy().tobytes()
    kind = column.dtype
    if isinstance(kind, pl.Struct):
        for field in kind.fields:
            yield from _blocks(column.struct.field(field.name))
    elif isinstance(kind, pl.List):
        lengths = column.list.len().fill_null(0)
        yield lengths.to_numpy().tobytes()
        yield from _blocks(column.filter(lengths > 0).explode())
    elif kind == pl.String:
        text = column.fill_null("")
        yield text.str.len_bytes().to_numpy().tobytes()
        yield "".join(text.to_list()).encode()
    else:
        values = column.cast(pl.UInt8) if kind == pl.Boolean else column.to_physical()
        yield values.fill_null(0).to_numpy().tobytes()
