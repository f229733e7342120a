"""Columns of every table that a rule writes: the interface between the packages.

A schema's description defines the meaning of one row. A change of meaning or of a column raises the version, so that a
stale artifact is refused instead of misread.
"""

from keepfaith.artifacts.schemas.declaration import CONTROL, LIMIT, METHOD, TableSchema
from keepfaith.artifacts.schemas.inputs import (
    CHECKPOINTS,
    EFFICIENCY,
    EXAMPLES,
    ORDER,
    STABILITY,
    TEXTS,
)
from keepfaith.artifacts.schemas.results import (
    CAUTIONS,
    COMPARISON,
    CURVES,
    FLUCTUATION,
    METRICS,
    MISALIGNMENT,
    OVERLAP,
    POOLED,
    RELIABILITY,
    VERDICT,
)
from keepfaith.artifacts.schemas.scores import (
    ATTRIBUTIONS,
    COALITIONS,
    EXPLANATIONS,
    FAITHFULNESS,
    LIMITS,
    PREDICTIONS,
    SEGMENT_CURVES,
    SWAP,
    TUNING_PREDICTIONS,
)

ALL = {
    schema.name: schema
    for schema in (
        EXAMPLES,
        TEXTS,
        ORDER,
        CHECKPOINTS,
        STABILITY,
        EFFICIENCY,
        PREDICTIONS,
        TUNING_PREDICTIONS,
        COALITIONS,
        EXPLANATIONS,
        LIMITS,
        SEGMENT_CURVES,
        SWAP,
        ATTRIBUTIONS,
        FAITHFULNESS,
        METRICS,
        COMPARISON,
        RELIABILITY,
        CURVES,
        OVERLAP,
        VERDICT,
        MISALIGNMENT,
        FLUCTUATION,
        POOLED,
        CAUTIONS,
    )
}

__all__ = [
    "ALL",
    "ATTRIBUTIONS",
    "CAUTIONS",
    "CHECKPOINTS",
    "COALITIONS",
    "COMPARISON",
    "CONTROL",
    "CURVES",
    "EFFICIENCY",
    "EXAMPLES",
    "EXPLANATIONS",
    "FAITHFULNESS",
    "FLUCTUATION",
    "LIMIT",
    "LIMITS",
    "METHOD",
    "METRICS",
    "MISALIGNMENT",
    "ORDER",
    "OVERLAP",
    "POOLED",
    "PREDICTIONS",
    "RELIABILITY",
    "SEGMENT_CURVES",
    "STABILITY",
    "SWAP",
    "TEXTS",
    "TUNING_PREDICTIONS",
    "VERDICT",
    "TableSchema",
]
