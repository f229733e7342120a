"""Comprehensiveness over all tasks."""

from keepfaith.figures.over_tasks import over_tasks

FIGURE = over_tasks(
    "comprehensiveness_study",
    title="Comprehensiveness over tasks",
    explanation=(
        "Probability lost when the top-ranked tokens are removed, as the study aggregates it (higher is better); "
        "bands: one standard deviation over attribution seeds."
    ),
    position=50,
    protocol="study",
)
