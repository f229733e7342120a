"""All metrics of calibration and accuracy, one file each; a new file in this folder registers itself."""

from importlib import import_module
from pkgutil import iter_modules

from keepfaith.calibration.metrics.registry import METRICS, Metric

for _module in sorted(module.name for module in iter_modules(__path__)):
    import_module(f"{__name__}.{_module}")

__all__ = ["METRICS", "Metric"]
