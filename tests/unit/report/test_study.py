"""What the page says about a task: what stands before its options, and how many rows were left out."""

from pathlib import Path

from keepfaith.config.load import load_study
from keepfaith.report.study import StudyDescription, describe, with_skipped

CATALOG = Path(__file__).parents[3] / "config" / "catalog"


def description() -> StudyDescription:
    raw = {
        "name": "s",
        "models": ["builtin"],
        "orders": ["cosine_builtin"],
        "tasks": ["sentiment", "passage"],
        "methods": ["lime"],
    }
    return describe(load_study(raw, CATALOG))


def test_a_delimiter_can_be_seen() -> None:
    assert description().tasks["sentiment"]["delimiter"] == "' '"


def test_rows_left_out_are_said_for_the_task_that_left_them_out() -> None:
    skipped = {"sentiment": {"evaluation": {"unlabelled": 3, "empty": 1}, "tuning": {"empty": 2}}}
    tasks = with_skipped(description(), skipped).tasks
    found = {key: value for key, value in tasks["sentiment"].items() if "left out" in key}
    assert found == {
        "rows left out evaluation unlabelled": 3,
        "rows left out evaluation empty": 1,
        "rows left out tuning empty": 2,
    }
    assert tasks["passage"] == description().tasks["passage"]
