"""Telling a device that is full from a model that does not work."""

import torch


def is_out_of_memory(error: BaseException) -> bool:
    """CUDA has its own exception; the CPU's allocator raises a RuntimeError that only its text tells apart."""
    known = isinstance(error, torch.OutOfMemoryError | MemoryError)
    return known or "can't allocate memory" in str(error)
