"""How much of its work a sweep over all levels computes, against each level by itself."""

from collections.abc import Sequence

from setup.sampled import SampledScorer
from setup.weights import swept_weights

from keepfaith.scoring.inputs import ScoringInput


def sharing(
    name: str, scorer: SampledScorer, inputs: Sequence[ScoringInput], levels: Sequence[int]
) -> dict[str, object]:
    """One row: the share that one sweep computes of what the levels take one by one.

    By arithmetic, in weights per token; and measured, in seconds of the same batches.
    """
    alone = sum(swept_weights(scorer, [level]) for level in levels)
    scorer.seconds(inputs, levels[:1])  # the first call is slower
    together = scorer.seconds(inputs, levels)
    apart = sum(scorer.seconds(inputs, [level]) for level in levels)
    return {
        "model": name,
        "levels": f"{levels[0]}..{levels[-1]}",
        "order": " ".join(str(layer) for layer, _ in scorer.order[: levels[-1]]),
        "computed_by_arithmetic": round(swept_weights(scorer, levels) / alone, 3),
        "computed_measured": round(together / apart, 3),
    }
