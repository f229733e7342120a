"""Output of every benchmark: a printed table, the same as CSV, and a JSON file that also describes the machine."""

import json
import os
import platform
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import torch

from keepfaith.artifacts.atomic import write_text


def machine() -> dict[str, object]:
    """Machine and versions, on which the figures depend."""
    cuda = torch.cuda.is_available()
    return {
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "gpu": torch.cuda.get_device_name() if cuda else None,
        "torch": torch.__version__,
        "python": platform.python_version(),
    }


def significant(value: float, digits: int = 4) -> float:
    """`value` with this many significant digits: a rate stays above zero on a slow machine."""
    return float(f"{value:.{digits}g}")


def show(rows: Sequence[dict[str, object]]) -> None:
    """Print `rows` as a table."""
    with pl.Config(tbl_rows=-1, tbl_cols=-1, tbl_width_chars=200, tbl_hide_dataframe_shape=True):
        print(pl.DataFrame(rows, infer_schema_length=None), flush=True)


def record(name: str, folder: Path, rows: Sequence[dict[str, object]], **summary: object) -> None:
    """Print `rows` as a table with the summary below, and write <folder>/<name>.json and, of the rows, <name>.csv."""
    show(rows)
    for key, value in summary.items():
        print(f"{key}: {value}")
    content = {"machine": machine(), **summary, "rows": list(rows)}
    write_text(folder / f"{name}.json", json.dumps(content, indent=2) + "\n")
    write_text(
        folder / f"{name}.csv", pl.DataFrame(list(rows), infer_schema_length=None).write_csv()
    )
