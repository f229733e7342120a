"""R-precision of known rationales: do the tokens that decide the answer have the highest scores?"""

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
    "rationale": pl.Int64,
    "features": pl.Int64,
    "r_precision": pl.Float64,
    "chance": pl.Float64,
}


def rationale_tokens(
    tokens: Sequence[tuple[int, int]], rationale: Sequence[tuple[int, int]]
) -> np.ndarray:
    """Which tokens share a character with a rationale span, bool [tokens].

    Args:
        tokens: characters of every token, half-open; an empty span shares nothing.
        rationale: characters of the rationale, half-open.
    """
    token = np.asarray(tokens, dtype=np.int64).reshape(-1, 2)
    span = np.asarray(rationale, dtype=np.int64).reshape(-1, 2)
    first = np.maximum(token[:, None, 0], span[None, :, 0])
    last = np.minimum(token[:, None, 1], span[None, :, 1])
    return np.asarray((first < last).any(axis=1))


def r_precision(attributions: pl.DataFrame, examples: pl.DataFrame) -> pl.DataFrame:
    """R-precision: the share of the m known rationale tokens among the m highest-scored features.

    Examples without a known rationale, or whose rationale has no token among the features, are left out. Ties count
    by expectation over random tie-breaking. Rationale as in DeYoung et al. 2020 (ERASER); R-precision as in Manning
    et al. 2008, Introduction to Information Retrieval, section 8.4.

    Args:
        attributions: an ATTRIBUTIONS table (or several, concatenated).
        examples: EXAMPLES of at least these examples.

    Returns:
        level, example_id, method, role, seed, rationale (m), features (N), r_precision, chance (m / N).
    """
    known = {
        example_id: [(span["start"], span["end"]) for span in spans]
        for example_id, spans in examples.select("example_id", "rationale").iter_rows()
        if spans
    }
    rows = []
    keys = ["level", "example_id", "method", "role", "seed"]
    relevant = attributions.filter(pl.col("example_id").is_in(list(known)))
    for key, group in relevant.sort("feature").group_by(keys, maintain_order=True):
        spans = list(group.select("start", "end").iter_rows())
        relevant_tokens = rationale_tokens(spans, known[str(key[1])])
        count = int(relevant_tokens.sum())
        if count == 0:
            continue
        members = membership(group["score"].to_numpy(), count)
        rows.append(
            {
                **dict(zip(keys, key, strict=True)),
                "rationale": count,
                "features": len(group),
                "r_precision": float(members[relevant_tokens].sum()) / count,
                "chance": count / len(group),
            }
        )
    return pl.DataFrame(rows, schema=SCHEMA).sort("level", "method", "seed", "example_id")
