"""What would decide more, and cautions that cells have in common, by hand."""

import polars as pl
from figures import synthetic

from keepfaith.artifacts.schemas import VERDICT
from keepfaith.report.next_steps import SharedCaution, next_steps, shared_cautions
from keepfaith.statistics.verdict import verdict


def verdicts(
    *rows: tuple[str, int, str, str, float, float | None, int | None, int],
) -> pl.DataFrame:
    names = ("task", "level", "quantity", "status", "margin", "decidable", "enough", "clusters")
    frame = pl.DataFrame(
        [{"model": "m", "order": "o", **dict(zip(names, row, strict=True))} for row in rows]
    )
    return pl.concat([pl.DataFrame(schema=dict(VERDICT.columns)), frame], how="diagonal_relaxed")


def test_the_texts_that_would_decide_each_open_quantity() -> None:
    found = verdicts(
        ("sst2", 1, "accuracy", "undecided", 0.02, 0.05, 2000, 300),
        ("sst2", 2, "accuracy", "harmed", 0.02, 0.06, 2600, 300),
        ("rte", 1, "accuracy", "undecided", 0.02, 0.04, 900, 277),
        ("rte", 1, "accuracy", "degraded", 0.02, 0.09, 100, 277),
        ("sst2", 1, "faithfulness", "undecided", 0.1, 0.4, 72, 40),
        ("sst2", 1, "brier", "kept", 0.02, 0.03, 600, 300),
        (
            "sst2",
            1,
            "ece",
            "undecided",
            0.02,
            0.01,
            80,
            300,
        ),  # decidable: the margin is no question of texts
        ("rte", 1, "ece", "undecided", 0.02, None, None, 277),
    )
    said = "{} within its margin of {}: {} independent texts of a task ({} now; examples.{}), or a wider margin"
    assert next_steps(found) == [
        said.format("faithfulness", 0.1, 72, 40, "explanation"),
        said.format("accuracy", 0.02, "900 to 2,000", "277 to 300", "evaluation"),
    ]


def test_no_setting_is_named_for_logged_texts() -> None:
    found = verdicts(("sst2", 1, "accuracy", "undecided", 0.02, 0.05, 2000, 300))
    assert next_steps(found, logged=True) == [
        "accuracy within its margin of 0.02: 2,000 independent texts of a task (300 now; as logged), or a wider margin"
    ]


def test_what_the_dense_model_cannot_lose_is_decided_by_no_number_of_texts() -> None:
    """A verdict, not a table by hand: the accuracy of the dense model is that of guessing."""
    metrics = synthetic.cell().metrics
    guessing = pl.when(metric="accuracy").then("value")
    at_chance = metrics.with_columns(
        reference_low=guessing.otherwise("reference_low"),
        reference_high=guessing.otherwise("reference_high"),
    )
    of_accuracy = [
        [
            sentence
            for sentence in next_steps(synthetic.with_cell(judged, "m", "o", "sst2"))
            if sentence.startswith("accuracy")
        ]
        for judged in (verdict(table, {"accuracy": 0.001}) for table in (metrics, at_chance))
    ]
    assert of_accuracy[0] and not of_accuracy[1]


def test_nothing_is_said_where_nothing_is_open() -> None:
    assert next_steps(verdicts(("sst2", 1, "accuracy", "kept", 0.02, 0.01, 100, 300))) == []


def test_cautions_that_differ_in_numbers_alone_are_one() -> None:
    found = shared_cautions(
        [
            ("sst2", ["Two seeds of LIME correlate by 0.48.", "Only sst2."]),
            ("rte", ["Few: 16.", "Two seeds of LIME correlate by 0.39."]),
            ("boolq", ["Few: 16."]),
        ]
    )
    assert found == [
        SharedCaution("Two seeds of LIME correlate by 0.48.", ("sst2", "rte"), alike=True),
        SharedCaution("Few: 16.", ("rte", "boolq"), alike=False),
        SharedCaution("Only sst2.", ("sst2",), alike=False),
    ]
