"""Names that no model of a study may have."""

RESERVED_MODELS = (
    "tasks",
    "models",
    "calibration_text",
    "summary",
    "figures",
    "report",
    "export",
    "imported",
    "comparison",
)
"""Folders of results/ beside those of the models."""
