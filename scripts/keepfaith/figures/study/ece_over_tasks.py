"""Calibration error over all tasks."""

from keepfaith.figures.over_tasks import over_tasks

FIGURE = over_tasks(
    "ece",
    title="Calibration error over tasks",
    explanation=(
        "Expected calibration error; coloured bands are confidence intervals, a grey band (with a single pruning path) "
        "is the range of a perfectly calibrated model."
    ),
    position=40,
)
