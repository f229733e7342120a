"""Wall time, and the machine's own speed limit."""

import time
from collections.abc import Callable
from typing import TypeVar

import torch

Result = TypeVar("Result")


def timed(work: Callable[[], Result], device: str = "cpu") -> tuple[float, Result]:
    """Seconds of wall time until `work` is done on `device`, and what it returns."""
    _finish(device)
    started = time.perf_counter()
    result = work()
    _finish(device)
    return time.perf_counter() - started, result


def matrix_rate(
    dtype: torch.dtype = torch.float32, device: str = "cpu", small: bool = False
) -> float:
    """FLOP/s of the fastest square matrix product: the rate that no model can exceed by much.

    `small` ones take no time, and miss that rate.
    """
    sizes = (4096, 8192) if device.startswith("cuda") else (1024, 2048)
    if small:
        sizes = (256, 512)
    return max(_product_rate(size, dtype, device) for size in sizes)


def _product_rate(size: int, dtype: torch.dtype, device: str) -> float:
    left, right = (torch.randn(size, size, device=device).to(dtype) for _ in range(2))
    out = torch.empty_like(left)
    seconds = [timed(lambda: torch.mm(left, right, out=out), device)[0] for _ in range(7)]
    return 2 * size**3 / min(seconds)


def _finish(device: str) -> None:
    if device.startswith("cuda"):
        torch.cuda.synchronize()
