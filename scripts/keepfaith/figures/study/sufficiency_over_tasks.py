"""Sufficiency over all tasks."""

from keepfaith.figures.over_tasks import over_tasks

FIGURE = over_tasks(
    "sufficiency_study",
    title="Sufficiency over tasks",
    explanation=(
        "Probability lost when only the top-ranked tokens are kept, as the study aggregates it (lower is better); "
        "bands: one standard deviation over attribution seeds."
    ),
    position=60,
    protocol="study",
)
