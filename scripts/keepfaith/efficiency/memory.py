"""Peak memory of this process since a given moment."""

import resource
import sys
from pathlib import Path
from typing import Any

import torch

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")


class PeakMemory:
    """Peak bytes since it was created: GPU memory of torch, or resident memory on a CPU."""

    def __init__(self, device: torch.device) -> None:
        self._cuda = device.type == "cuda"
        if self._cuda:
            initialise: Any = torch.cuda.init  # untyped; a device has no number before
            initialise()
            for each in devices():
                torch.cuda.reset_peak_memory_stats(each)
        elif _CLEAR.exists():
            # Linux: reset the peak, so that earlier work, such as importing torch, does not count.
            _CLEAR.write_text("5")
        self._start = self._now()

    def taken(self) -> int:
        """Peak so far, minus the memory at the start."""
        return max(0, self._peak() - self._start)

    def _now(self) -> int:
        if self._cuda:
            return sum(map(torch.cuda.memory_allocated, devices()))
        return _kilobytes("VmRSS") * 1024 if _STATUS.exists() else self._peak()

    def _peak(self) -> int:
        if self._cuda:
            return sum(map(torch.cuda.max_memory_allocated, devices()))
        if _STATUS.exists():
            return _kilobytes("VmHWM") * 1024
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024


def devices() -> range:
    """Every GPU that the process sees: a model may be spread over all of them."""
    return range(torch.cuda.device_count())


def _kilobytes(name: str) -> int:
    lines = _STATUS.read_text().splitlines()
    return int(next(line for line in lines if line.startswith(f"{name}:")).split()[1])
