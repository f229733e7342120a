"""Header of a safetensors file: its tensors and their offsets; the numbers are not read.

The file is eight bytes of header length, a JSON header, then as many bytes as it announces.
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BITS = {
    **dict.fromkeys(("F64", "I64", "U64", "C64"), 64),
    **dict.fromkeys(("F32", "I32", "U32"), 32),
    **dict.fromkeys(("F16", "BF16", "I16", "U16"), 16),
    **dict.fromkeys(("F8_E4M3", "F8_E5M2", "F8_E8M0", "I8", "U8", "BOOL"), 8),
}
"""Bits of a number of each dtype; the size is not checked for dtypes that are not listed."""


@dataclass(frozen=True)
class Weight:
    """One tensor of a safetensors file: its dtype as the file writes it, its shape and its size in bytes."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    size: int
    file: Path


def read_header(path: Path) -> tuple[int, list[Weight]]:
    """Number of bytes before the tensor data of a safetensors file, and its weights.

    Raises:
        ValueError: the header is invalid, or its tensors are not contiguous.
    """
    with path.open("rb") as handle:
        length = int.from_bytes(handle.read(8), "little")
        if not 2 <= length <= path.stat().st_size - 8:
            raise ValueError("its header is longer than the file")
        try:
            header: Any = json.loads(handle.read(length))
            json.dumps(header, ensure_ascii=False).encode()  # half a surrogate pair is not text
        except RecursionError as error:
            raise ValueError("its header is nested too deeply") from error
    if not isinstance(header, dict):
        raise ValueError("its header is not an object")
    metadata = header.pop("__metadata__", None) or {}
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        raise ValueError("in its header, __metadata__ is not an object of texts")
    spans = sorted((*_span(name, entry), name) for name, entry in header.items())
    expected = 0
    for start, end, name in spans:
        if start != expected:
            raise ValueError(
                f"in its header, {name} starts at byte {start}, but the data before it end at {expected}"
            )
        expected = end
    return 8 + length, [_weight(name, entry, path) for name, entry in header.items()]


def _span(name: str, entry: Any) -> tuple[int, int]:
    offsets = _counts(entry.get("data_offsets")) if isinstance(entry, dict) else None
    if offsets is None or len(offsets) != 2 or offsets[0] > offsets[1]:
        raise ValueError(f"its header gives no data_offsets of {name}")
    return offsets[0], offsets[1]


def _weight(name: str, entry: dict[str, Any], path: Path) -> Weight:
    dtype, shape, (start, end) = entry.get("dtype"), _counts(entry.get("shape")), _span(name, entry)
    if not isinstance(dtype, str) or shape is None:
        raise ValueError(f"its header gives no dtype and shape of {name}")
    bits = BITS.get(dtype)
    if bits is not None and 8 * (end - start) != bits * math.prod(shape):
        raise ValueError(
            f"in its header, {name} is {dtype} of shape {shape} in {end - start} bytes"
        )
    return Weight(name, dtype, tuple(shape), end - start, path)


def _counts(values: Any) -> list[int] | None:
    if isinstance(values, list) and all(type(value) is int and value >= 0 for value in values):
        return values
    return None
