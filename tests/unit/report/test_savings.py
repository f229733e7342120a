"""What is saved at the level of the answer, by hand-computed numbers."""

import polars as pl
import pytest

from keepfaith.artifacts.schemas import POOLED, VERDICT
from keepfaith.report.savings import dropped_words, savings

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


NONE = "Nothing is shown to be worse by more than its margin."
RUN = "Levels that were run: 2, 4."
OPEN = "Nothing is shown to be kept at any level, perhaps for lack of texts."
AT_NONE = "Nothing is shown to be kept at any level."
AT_4_ALONE = "Shown to be kept: accuracy at level 4 alone."
BROKEN = "Shown to be worse by more than the margin (degraded): accuracy first at level"
HARMED = "Shown to be worse, not shown to be by more than the margin (harmed): accuracy at level"
AT_2, AT_4 = (
    f"{RUN} Level {level} ({level} dropped layers), the deepest up to which" for level in (2, 4)
)


def up_to(level: int) -> str:
    return f"Shown to be kept: accuracy at {'level 2' if level == 2 else 'levels 2, 4'}."


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        (("kept", "kept"), f"{up_to(4)} {NONE} {AT_4} all is shown to be kept, saves 20 % of the parameters "
         "and 50 % of the KV cache; after a prompt of 64 tokens it decodes 1.50 times as fast"),
        (("kept", "undecided"), f"{up_to(2)} {NONE} {AT_2} all is shown to be kept, saves 10 %"),
        (("kept", "degraded"), f"{up_to(2)} {BROKEN} 4. {AT_2} all is shown to be kept, saves 10 % of the "
         "parameters and 25 % of the KV cache; after a prompt of 64 tokens it decodes 1.20"),
        (("undecided", "undecided"), f"{OPEN} {NONE} {AT_4} no degradation is shown, saves 20 %"),
        (("kept", "harmed"), f"{up_to(2)} {NONE} {AT_2} all is"),
        (("harmed", "undecided"), f"{AT_NONE} {NONE} {HARMED} 2 (by 0.100, margin 0.02). {AT_4} no degradation"),
        (("undecided", "kept"), f"{AT_4_ALONE} {NONE} {AT_4} no degradation"),
        (("degraded", "kept"), f"{AT_4_ALONE} {BROKEN} 2. {RUN} No level can be recommended: something is degraded"),
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
    assert found.sentence.startswith(
        "Shown to be kept in the mean over tasks: accuracy at level 2."
    )
    assert found.level == 2 and " Level 2 (2 dropped layers)" in found.sentence
    scope = "in the mean over tasks"
    assert f"Nothing is shown to be worse {scope} by more than its margin." in found.sentence
    assert f"the deepest up to which all is shown to be kept {scope}, saves" in found.sentence


def test_more_examples_are_no_hope_where_there_is_nothing_to_lose() -> None:
    lost = verdicts("undecided", "undecided").with_columns(advantage=pl.lit(-0.1))
    for rows in (lost, lost.with_columns(advantage=0.5, harm=pl.lit(None, pl.Float64))):
        assert savings(rows, {}, EFFICIENCY)[0].sentence.startswith(f"{AT_NONE} {NONE}")
    some = lost.with_columns(advantage=pl.lit(0.5))
    assert savings(some, {}, EFFICIENCY)[0].sentence.startswith(f"{OPEN} {NONE}")


def test_methods_that_differ_are_told_apart() -> None:
    """LIME has too little to lose and is harmed first; nothing is degraded, so that level 4 has all of the answer."""
    tables = [
        verdicts(*statuses).with_columns(
            quantity=pl.lit("faithfulness"),
            method=pl.lit(method),
            margin=pl.lit(0.1),
            advantage=pl.lit(advantage),
        )
        for method, statuses, advantage in (
            ("lime", ("harmed", "undecided"), 0.5),
            ("shapley", ("kept", "kept"), 0.5),
            ("banzhaf", ("kept", "kept"), 0.5),
            ("attnlrp", ("undecided", "undecided"), 0.05),
            ("kernelshap", ("undecided", "undecided"), 0.5),
        )
    ]
    (found,) = savings(pl.concat(tables), {}, EFFICIENCY)
    assert found.sentence.startswith(
        "Shown to be kept: faithfulness (exact Shapley, exact Banzhaf) at levels 2, 4. At no level: faithfulness "
        "(KernelSHAP), perhaps for lack of texts; faithfulness (LIME, AttnLRP). Nothing is shown to be worse by more "
        "than its margin. Shown to be worse, not shown to be by more than the margin (harmed): faithfulness (LIME) at "
        "level 2 (by 0.100, margin 0.1)."
    )


def test_levels_without_a_gap_are_told_by_the_last() -> None:
    every = verdicts("kept", "kept").with_columns(level=pl.col("level") // 2)
    measured = EFFICIENCY.with_columns(level=pl.col("level") // 2)
    (found,) = savings(every, {}, measured)
    assert found.sentence.startswith("Shown to be kept: accuracy up to level 2. ")
    assert "Levels that were run" not in found.sentence


def test_without_measurements_nothing_is_said() -> None:
    assert savings(verdicts("kept", "kept"), {}, EFFICIENCY.filter(model="other")) == []


def test_what_is_kept_nowhere_is_told_apart_by_what_could_decide_it() -> None:
    """The Brier score is degraded at once, so that no number of texts helps; accuracy is open; ECE is kept."""
    statuses = {"brier": "degraded", "accuracy": "undecided"}
    both = [
        verdicts(status, status).with_columns(quantity=pl.lit(name), advantage=pl.lit(0.5))
        for name, status in statuses.items()
    ]
    (nothing,) = savings(pl.concat(both), {}, EFFICIENCY)
    assert nothing.sentence.startswith(
        "Nothing is shown to be kept at any level; of accuracy, perhaps for lack of texts. Shown to be worse"
    )
    kept = verdicts("kept", "kept").with_columns(quantity=pl.lit("ece"), advantage=pl.lit(0.5))
    (found,) = savings(pl.concat([*both, kept]), {}, EFFICIENCY)
    assert found.sentence.startswith(
        "Shown to be kept: ECE at levels 2, 4. At no level: accuracy, perhaps for lack of texts; Brier score. "
    )


def test_dropped_components_are_called_by_their_kind() -> None:
    order = pl.DataFrame({"position": range(1, 9), "component": ["attention"] * 8})
    (found,) = savings(verdicts("kept", "kept"), {}, EFFICIENCY, {"m/o": order})
    assert "Level 4 (4 of 8 attention layers dropped), the deepest" in found.sentence
    blocks = order.with_columns(component=pl.lit("block"))
    assert dropped_words(blocks, 2) == "2 of 8 blocks dropped"
    assert dropped_words(None, 1) == "1 dropped layer"


def test_a_speed_within_the_noise_is_called_so() -> None:
    slower = EFFICIENCY.with_columns(decode_tokens_per_second=pl.lit(50.0))
    (found,) = savings(verdicts("kept", "kept"), {}, slower)
    assert found.sentence.endswith(
        "decodes 1.00 times as fast (within the tenth by which timings vary)."
    )
