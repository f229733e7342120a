"""What the plan says that each task can decide: the eight tasks of the study, and examples counted as the jobs do."""

import json
from math import sqrt
from pathlib import Path

import pytest
import yaml

from keepfaith.config.errors import ConfigError
from keepfaith.config.load import load_study
from keepfaith.config.settings import Settings
from keepfaith.planning.decisions import ALL_TASKS, Decision, decision_lines, decisions
from keepfaith.planning.plan import plan
from keepfaith.statistics.power import detectable_harm, smallest_margin

CATALOG = Path(__file__).parents[3] / "config" / "catalog"
PUBLISHED_STUDY = CATALOG.parent / "studies" / "paper.yaml"
QUANTITIES_OF_PLAN = ("accuracy", "ECE", "Brier score", "faithfulness")


def study(**changes: object) -> Settings:
    typed = yaml.safe_load(PUBLISHED_STUDY.read_text(encoding="utf-8"))
    return load_study(typed | changes, [CATALOG])


def found(settings: Settings) -> dict[tuple[str, str], Decision]:
    return {(each.task, each.label): each for each in decisions(settings)}


def test_every_task_and_judged_quantity_of_the_published_study() -> None:
    settings = study()
    decided = found(settings)
    assert list(decided) == [
        (task, quantity)
        for task in (*settings.study.tasks, ALL_TASKS)
        for quantity in QUANTITIES_OF_PLAN
    ]
    accuracy = {task: each for (task, name), each in decided.items() if name == "accuracy"}
    assert {task: round(each.decidable, 3) for task, each in accuracy.items()} == {
        "boolq": 0.016, "rte": 0.056, "arc_challenge": 0.026, "arc_easy": 0.018, "openbookqa": 0.041,
        "tweet_eval": 0.020, "rotten_tomatoes": 0.027, "sst2": 0.030, ALL_TASKS: 0.011,
    }  # fmt: skip
    assert [task for task, each in accuracy.items() if each.decided] == [
        "boolq", "arc_easy", "tweet_eval", ALL_TASKS,
    ]  # fmt: skip
    rte = accuracy["rte"]
    assert (rte.texts, rte.margin, rte.enough) == (277, 0.02, 1991)
    assert rte.spread == pytest.approx(sqrt(0.10))
    assert rte.detectable == detectable_harm(0.02, sqrt(0.10), 277, levels=16)
    explained = decided["rte", "faithfulness"]
    assert (explained.texts, explained.decided) == (200, True)
    assert explained.decidable == smallest_margin(0.2, 200, largest=2.0)


def test_the_plan_prints_a_line_per_decision_and_per_margin_out_of_reach() -> None:
    settings = study()
    lines = plan(settings).splitlines()
    for each in decisions(settings):
        row = [
            f"{each.texts:,}", f"{each.spread:.2f}", f"{each.decidable:.3f}", f"{each.margin:g}",
        ]  # fmt: skip
        assert any(
            line.startswith(each.task) and each.label in line and line.split(each.label)[1].split()[:4] == row
            for line in lines
        )  # fmt: skip
    open_ = [line for line in lines if line.startswith("Cannot be decided: ")]
    assert len(open_) == sum(not each.decided for each in decisions(settings))
    assert (
        "Cannot be decided: accuracy of rte, margin 0.02: 277 examples decide 0.056; 1,991 examples would decide it"
        in open_
    )
    assert any(line.startswith("Examples of boolq, rte may share a passage") for line in lines)


def test_tasks_of_which_the_same_is_out_of_reach_share_a_line() -> None:
    few = study(tasks=["rte", "sst2"], examples={"evaluation": 200, "explanation": 200})
    open_ = [line for line in plan(few).splitlines() if line.startswith("Cannot be decided: ")]
    assert [
        line.partition(", margin")[0].removeprefix("Cannot be decided: ") for line in open_
    ] == [
        f"{label} of {tasks}"
        for label in ("accuracy", "ECE", "Brier score")
        for tasks in ("rte, sst2", ALL_TASKS)
    ]


def test_a_wide_margin_or_many_examples_decide_everything() -> None:
    wide = {"accuracy": 0.3, "ece": 0.3, "brier": 0.3, "faithfulness": 0.3}
    assert all(each.decided for each in decisions(study(statistics={"margins": wide})))
    few = study(statistics={"margins": wide}, examples={"explanation": 16})
    open_ = {name for (task, name), each in found(few).items() if not each.decided}
    assert open_ == {"faithfulness"}  # 16 texts do not show a rare large harm
    assert found(few)["rte", "faithfulness"].enough == 23


def test_the_confidence_and_the_margin_are_the_studys() -> None:
    strict = study(statistics={"confidence": 0.99, "margins": {"accuracy": 0.05}})
    rte = found(strict)["rte", "accuracy"]
    assert rte.margin == 0.05
    assert rte.decidable == smallest_margin(sqrt(0.10), 277, confidence=0.99, by_score=True)
    assert rte.decidable > (2.5758 + 0.8416) * sqrt(0.10 / 277)
    assert next(decision_lines(strict)).startswith("What each task can decide at confidence 0.99.")


def test_the_spread_of_a_pilot_run_replaces_the_expected_one() -> None:
    decided = found(study(plan={"spreads": {"accuracy": 0.1}}))
    assert decided["rte", "accuracy"].spread == 0.1
    assert decided["rte", "accuracy"].enough == 363
    assert decided["rte", "Brier score"].spread == found(study())["rte", "Brier score"].spread
    for name in ("nll", "acuracy"):
        with pytest.raises(ConfigError, match=rf"plan\.spreads: unknown key '{name}'"):
            study(plan={"spreads": {name: 0.1}})


def test_a_single_task_has_no_mean_over_tasks() -> None:
    assert {task for task, _ in found(study(tasks=["sst2"]))} == {"sst2"}


def test_examples_are_counted_as_the_jobs_have_them(tmp_path: Path) -> None:
    """Rows that `skip` leaves out and tuning examples from the evaluation split are not evaluated."""
    labelled = [{"text": f"a review number {row}", "label": row % 2} for row in range(90)]
    rows = [*labelled, *({"text": f"of nobody {row}", "label": -1} for row in range(10))]
    file = tmp_path / "reviews.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    task = {
        "version": 1, "description": "Reviews.", "prompt": "{text}", "fields": ["text"], "options": ["no", "yes"],
        "sources": {"local": {"splits": {"evaluation": str(file)}, "skip": ["unlabelled"]}},
    }  # fmt: skip
    (tmp_path / "tasks").mkdir()
    (tmp_path / "tasks" / "reviews.yaml").write_text(yaml.safe_dump(task), encoding="utf-8")
    typed = yaml.safe_load(PUBLISHED_STUDY.read_text(encoding="utf-8")) | {
        "tasks": ["reviews"], "task_source": "local", "examples": {"explanation": 20, "tuning": 30},
    }  # fmt: skip
    decided = found(load_study(typed, [tmp_path, CATALOG]))
    assert decided["reviews", "accuracy"].texts == 60
    assert decided["reviews", "faithfulness"].texts == 20


@pytest.mark.parametrize(
    ("examples", "evaluated", "explained"),
    [({}, 277, 200), ({"tuning": 77}, 277, 200), ({"evaluation": 250}, 250, 200), ({"explanation": 5000}, 277, 277)],
)  # fmt: skip
def test_a_task_of_the_hub_has_the_rows_that_its_definition_expects(
    examples: dict[str, object], evaluated: int, explained: int
) -> None:
    decided = found(study(tasks=["rte"], examples=examples))
    assert decided["rte", "accuracy"].texts == evaluated
    assert decided["rte", "faithfulness"].texts == explained
