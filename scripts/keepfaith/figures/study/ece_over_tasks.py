"""Calibration error over all tasks."""

from keepfaith.figures.over_tasks import over_tasks

FIGURE = over_tasks(
    "ece",
    title="Calibration error over tasks",
    explanation=(
        "Expected calibration error; coloured bands are confidence intervals, a grey band (where a single path is "
        "shown) is what a perfectly calibrated model would score."
    ),
    position=40,
)
