"""The answer's words: what is shown to be kept is never confused with what is merely not shown to degrade."""

import polars as pl
import pytest
from figures import synthetic
from figures.test_content import verdict_of

from keepfaith.report.answer import finding


def both(accuracy: str, sufficiency: str) -> pl.DataFrame:
    return pl.concat([verdict_of(accuracy), verdict_of(sufficiency, "sufficiency", "lime")])


@pytest.mark.parametrize(
    ("verdict", "sentence"),
    [
        (
            both("kkdd", "kuud"),
            "degradation shown at levels 3, 4 (run: 1 to 4); every judged quantity is shown to be kept up to level 1. "
            "Degraded first, at level 3: accuracy.",
        ),
        (
            both("kk", "kk"),
            "no degradation shown at any of the 2 levels judged; every judged quantity is shown to be kept up to "
            "level 2.",
        ),
        (
            both("u", "k"),
            "no degradation shown at the one level judged; level 1 is not shown to keep every judged quantity "
            "(undecided: accuracy).",
        ),
        (
            both("dd", "kd"),
            "degradation shown at levels 1, 2 (run: 1, 2); level 1 is not shown to keep every judged quantity. "
            "Degraded first, at level 1: accuracy.",
        ),
        (
            both("dkkk", "kkkk"),
            "degradation shown at level 1 (run: 1 to 4); level 1 is not shown to keep every judged quantity. "
            "Degraded first, at level 1: accuracy.",
        ),
        (
            both("kdkdddkd", "kkkkkkkk"),
            "degradation shown at levels 2, 4 to 6, 8 (run: 1 to 8); every judged quantity is shown to be kept up "
            "to level 1. Degraded first, at level 2: accuracy.",
        ),
        (
            both("hhd", "kuk"),
            "degradation shown at level 3 (run: 1 to 3); level 1 is not shown to keep every judged quantity (harmed: "
            "accuracy). Degraded first, at level 3: accuracy. Harm that may lie within the margin is shown at levels "
            "1, 2.",
        ),
        (
            both("h", "u"),
            "no degradation shown at the one level judged; level 1 is not shown to keep every judged quantity "
            "(harmed: accuracy; undecided: sufficiency (LIME)). Harm that may lie within the margin is shown at "
            "level 1.",
        ),
    ],
)
def test_sentence(verdict, sentence):
    assert finding(verdict).sentence == sentence


@pytest.mark.parametrize(
    ("letters", "sentence"),
    [
        (
            "kk",
            "no degradation shown at any of the 2 levels judged (run: 4, 8); every judged quantity is shown to be "
            "kept at levels 4, 8.",
        ),
        (
            "kd",
            "degradation shown at level 8 (run: 4, 8); every judged quantity is shown to be kept at level 4. "
            "Degraded first, at level 8: accuracy.",
        ),
        (
            "uk",
            "no degradation shown at any of the 2 levels judged (run: 4, 8); level 4 is not shown to keep every "
            "judged quantity (undecided: accuracy).",
        ),
    ],
)
def test_of_levels_that_were_not_run_nothing_is_said(letters, sentence):
    run = verdict_of(letters).with_columns(level=4 * pl.col("level"))
    assert finding(run).sentence == sentence


def test_methods_of_one_quantity_are_named_together():
    verdict = pl.concat(
        [verdict_of("d", "sufficiency", method) for method in ("kernelshap", "lime")]
    )
    assert finding(verdict).sentence.endswith(
        "Degraded first, at level 1: sufficiency (KernelSHAP, LIME)."
    )


def test_breaks_carry_the_numbers():
    (broken,) = finding(verdict_of("kd")).breaks
    assert (broken.name, broken.harm, broken.low, broken.margin) == ("accuracy", 0.1, None, 0.02)


def test_no_pruned_level():
    found = finding(synthetic.verdict(range(1), ("lime",)))
    assert found.sentence.startswith("no level but the dense one was run")
    assert found.kept == found.clear == "n/a"
