"""What the page says about a task: what stands before its options, and how many rows were left out."""

from pathlib import Path

from keepfaith.config.load import load_study
from keepfaith.report.study import StudyDescription, describe, with_skipped

CATALOG = Path(__file__).parents[3] / "config" / "catalog"


def description(**changes: object) -> StudyDescription:
    raw: dict[str, object] = {
        "name": "s",
        "models": ["builtin"],
        "orders": ["cosine"],
        "text": "builtin",
        "tasks": ["sentiment", "passage"],
        "methods": ["lime"],
    }
    return describe(load_study(raw | changes, [CATALOG]))


def test_a_delimiter_can_be_seen() -> None:
    assert description().tasks["sentiment"]["delimiter"] == "' '"


def test_the_levels_that_are_run_are_said_and_how_they_were_chosen() -> None:
    listed = description(levels=[2, 3, 4, 8])
    assert listed.models["builtin"]["levels"] == "0, 2 to 4, 8 of 8 layers"
    assert listed.settings["levels"] == "2, 3, 4, 8"
    shares = description(levels={"shares": [0.25, 0.5]})
    assert shares.models["builtin"]["levels"] == "0, 2, 4 of 8 layers"
    said = {key: value for key, value in shares.settings.items() if key.startswith("levels")}
    assert said == {"levels shares": "0.25, 0.5"}
    assert description().models["builtin"]["levels"] == "0 to 4 of 8 layers"


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
