"""Faithfulness over all tasks."""

from keepfaith.figures.over_tasks import over_tasks

FIGURE = over_tasks(
    "segment_faithfulness",
    title="Faithfulness over tasks",
    explanation=(
        "Faithfulness of each method's explanations: 1 is the best order of segments there is, 0 is chance, negative "
        "is worse; bands: one standard deviation over attribution seeds."
    ),
    position=45,
    protocol="coalitions",
)
