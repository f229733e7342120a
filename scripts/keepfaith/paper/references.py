"""The bibliography of a study, apart from its methods section: its job reads the code of metrics alone."""

from collections.abc import Iterable

from keepfaith.paper.library import bibliography
from keepfaith.plugins.metric import PREDICTION_METRICS


def references(cited: Iterable[str]) -> str:
    """The .bib file of works that a study cites, and of those that define the metrics of the report's tables.

    Args:
        cited: citations, as `methods_text.cited_works` gives them.
    """
    metrics = (metric.citation for metric in PREDICTION_METRICS.all().values())
    return bibliography([*cited, *metrics])
