"""Which examples belong together: those about the same passage are not independent of each other."""

import numpy as np
import polars as pl

from keepfaith.calibration.probabilities import Indices


def shared_texts(examples: pl.DataFrame) -> Indices:
    """Cluster 0, 1, ... of every row of an EXAMPLES frame: equal where the longest field has the same text.

    The longest field is the passage where there is one (BoolQ asks several questions about one passage); a task
    without repeated texts gets as many clusters as examples. An example without fields is told by its prompt.
    """
    texts = [
        max(
            (prompt[field["start"] : field["end"]] for field in fields or []),
            key=len,
            default=prompt,
        )
        for prompt, fields in examples.select("prompt", "fields").iter_rows()
    ]
    first: dict[str, int] = {}
    return np.array([first.setdefault(text, len(first)) for text in texts], dtype=np.int64)


def all_single(clusters: Indices) -> bool:
    """Whether every example is a cluster of its own."""
    return len(clusters) == len(np.unique(clusters))


def cluster_sums(values: np.ndarray, clusters: Indices) -> np.ndarray:
    """[clusters, ...], sums of `values` [n, ...] over the examples of each cluster."""
    sums = np.zeros((clusters.max() + 1, *values.shape[1:]))
    np.add.at(sums, clusters, values)
    return sums
