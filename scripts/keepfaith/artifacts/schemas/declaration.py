"""How a table is declared, and the values of its columns of roles."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

METHOD, CONTROL = "method", "control"
"""Values of the column `role`: an attribution method under test, or a control, independent of the model, with which the
methods are compared. The module of a method declares its role; the name in the catalog does not matter."""

LIMIT = "limit"
"""Value of the column `role` in SEGMENT_CURVES: no method, but what the best or all orders of segments reach."""


@dataclass(frozen=True)
class TableSchema:
    """Name, version, meaning and columns of one table."""

    name: str
    version: int
    description: str
    columns: Mapping[str, pl.DataType | type[pl.DataType]]
