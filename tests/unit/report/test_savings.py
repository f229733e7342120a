"""What is saved at the level of the answer, by hand-computed numbers."""

import polars as pl
import pytest

from keepfaith.artifacts.schemas import POOLED, VERDICT
from keepfaith.report.savings import savings

MEASURED = {0: (1000, 80, (90.0, 50.0)), 2: (900, 60, (91.0, 60.0)), 4: (800, 40, (95.0, 75.0))}
"""By level: parameters, bytes of the cache per token, tokens per second after prompts of 16 and of 64 tokens."""
EFFICIENCY = pl.DataFrame(
    [
        {
            "model": "m",
            "order": "o",
            "level": level,
            "context_tokens": context,
            "parameters": parameters,
            "cache_bytes_per_token": cache,
            "decode_tokens_per_second": speed,
        }
        for level, (parameters, cache, speeds) in MEASURED.items()
        for context, speed in zip((16, 64), speeds, strict=True)
    ]
)


def verdicts(*statuses: str) -> pl.DataFrame:
    rows = [
        {"model": "m", "order": "o", "task": "t", "level": level, "quantity": "accuracy", "status": status,
         "harm": 0.1, "margin": 0.02}
        for level, status in zip((2, 4), statuses, strict=True)
    ]  # fmt: skip
    return pl.concat(
        [pl.DataFrame(schema=dict(VERDICT.columns)), pl.DataFrame(rows)], how="diagonal_relaxed"
    )


RUN = "Levels that were run: 2, 4."
OPEN = (
    "No pruned level is shown to keep everything that is judged. Up to level 4 no degradation is shown, which may be "
    f"for lack of examples. {RUN}"
)
UP_TO_2 = "Up to level 2 everything that is judged is shown to be kept."
UP_TO_4 = "Up to level 4 everything that is judged is shown to be kept."


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        (("kept", "kept"), f"{UP_TO_4} {RUN} Level 4 saves 20 % of the parameters and 50 % of the KV cache, and "
         "decodes 1.50 times as fast as"),
        (("kept", "undecided"), f"{UP_TO_2} Up to level 4 no degradation is shown. {RUN} Level 2 saves 10 %"),
        (("kept", "degraded"), f"{UP_TO_2} At level 4 accuracy is degraded. {RUN} Level 2 saves 10 % of the "
         "parameters and 25 % of the KV cache, and decodes 1.20"),
        (("undecided", "undecided"), f"{OPEN} Level 4 saves 20 %"),
        (("degraded", "kept"), "No level can be recommended: at the first one, level 2, accuracy is degraded."),
    ],
)  # fmt: skip
def test_the_level_of_the_answer_is_the_one_that_is_named(
    statuses: tuple[str, str], expected: str
) -> None:
    (found,) = savings(verdicts(*statuses), {}, EFFICIENCY)
    assert (found.model, found.order) == ("m", "o")
    assert found.sentence.startswith(expected)


def test_of_several_tasks_the_mean_decides() -> None:
    mean = verdicts("kept", "undecided").select(
        "level", "quantity", "method", "status", "harm", "margin"
    )
    left_out = mean.with_columns(status=pl.lit("degraded"), left_out=pl.lit("t"))
    pooled = pl.concat(
        [pl.DataFrame(schema=dict(POOLED.columns)), mean, left_out], how="diagonal_relaxed"
    )
    (found,) = savings(verdicts("degraded", "degraded"), {"m/o": pooled}, EFFICIENCY)
    assert found.sentence.startswith(UP_TO_2)
    assert " Level 2 saves " in found.sentence


def test_without_measurements_nothing_is_said() -> None:
    assert savings(verdicts("kept", "kept"), {}, EFFICIENCY.filter(model="other")) == []
