"""Distinguishing a full device from a model that does not work."""

import torch


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out. CUDA has its own exception; for the CPU only the text of a RuntimeError tells."""
    known = isinstance(error, torch.OutOfMemoryError | MemoryError)
    return known or "can't allocate memory" in str(error)
