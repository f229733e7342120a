"""Evidence recall: whether known evidence (the rationale of ERASER) ranks first."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from keepfaith.faithfulness.ranking import membership

SCHEMA = {
    "level": pl.Int64,
    "example_id": pl.String,
    "method": pl.String,
    "role": pl.String,
    "seed": pl.Int64,
    "evidence": pl.Int64,
    "features": pl.Int64,
    "recall": pl.Float64,
    "chance": pl.Float64,
}


def evidence_tokens(
    tokens: Sequence[tuple[int, int]], evidence: Sequence[tuple[int, int]]
) -> np.ndarray:
    """Whether each token shares a character with an evidence span, bool [tokens].

    Args:
        tokens: characters of every token, half-open; an empty span shares none.
        evidence: characters of the evidence, half-open.
    """
    token = np.asarray(tokens, dtype=np.int64).reshape(-1, 2)
    span = np.asarray(evidence, dtype=np.int64).reshape(-1, 2)
    first = np.maximum(token[:, None, 0], span[None, :, 0])
    last = np.minimum(token[:, None, 1], span[None, :, 1])
    return np.asarray((first < last).any(axis=1))


def evidence_recall(attributions: pl.DataFrame, examples: pl.DataFrame) -> pl.DataFrame:
    """Share of the m evidence tokens among the m highest-scored features (R-precision).

    Only examples with known evidence of at least one token that the model sees are included. Ties count by
    expectation over random tie-breaking.

    Args:
        attributions: an ATTRIBUTIONS table (or several, concatenated).
        examples: EXAMPLES of at least these examples.

    Returns:
        level, example_id, method, role, seed, evidence (m), features (N), recall, chance (m / N).
    """
    known = {
        example_id: [(span["start"], span["end"]) for span in spans]
        for example_id, spans in examples.select("example_id", "evidence").iter_rows()
        if spans
    }
    rows = []
    keys = ["level", "example_id", "method", "role", "seed"]
    relevant = attributions.filter(pl.col("example_id").is_in(list(known)))
    for key, group in relevant.sort("feature").group_by(keys, maintain_order=True):
        spans = list(group.select("start", "end").iter_rows())
        relevant_tokens = evidence_tokens(spans, known[str(key[1])])
        count = int(relevant_tokens.sum())
        if count == 0:
            continue
        members = membership(group["score"].to_numpy(), count)
        rows.append(
            {
                **dict(zip(keys, key, strict=True)),
                "evidence": count,
                "features": len(group),
                "recall": float(members[relevant_tokens].sum()) / count,
                "chance": count / len(group),
            }
        )
    return pl.DataFrame(rows, schema=SCHEMA).sort("level", "method", "seed", "example_id")
