"""Accuracy over all tasks."""

from keepfaith.figures.over_tasks import over_tasks

FIGURE = over_tasks(
    "accuracy",
    title="Accuracy over tasks",
    explanation="Share of examples whose most probable choice is the label; bands are confidence intervals.",
    position=30,
)
