"""Numbers of examples of one task, instead of the study's."""

from pathlib import Path

import pytest
from world import World

from keepfaith.config.errors import ConfigError
from keepfaith.planning.decisions import decisions
from keepfaith.planning.work import Workload


def test_a_task_states_its_own_numbers(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.change_task(examples={"explanation": 1, "tuning": 0})
    settings = world.read()
    found = settings.examples_of("tiny")
    study = settings.study.examples
    assert (study.explanation, study.tuning) == (2, 1)
    assert found == study.model_copy(update={"explanation": 1, "tuning": 0})


def test_without_them_the_study_decides(tmp_path: Path) -> None:
    settings = World(tmp_path).read()
    assert settings.examples_of("tiny") == settings.study.examples


BLANK = {"prompt": "{text} Answer: _ is it.", "blank": "_"}


def test_a_task_with_a_blank_is_not_explained(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.change_task(**BLANK)
    with pytest.raises(
        ConfigError,
        match=r"task tiny: blank: has a prompt for each choice.*type examples: \{explanation: 0\}",
    ):
        world.read()
    world.change_task(**BLANK, examples={"explanation": 0})
    settings = world.read()
    assert settings.examples_of("tiny").explanation == 0
    assert not settings.tasks["tiny"].trains()


def test_a_row_without_the_blank_stops_before_any_job(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.change_task(**BLANK, examples={"explanation": 0})
    world.write_rows("test.jsonl", [{"id": 0, "text": "A _ more.", "label": 0}])
    with pytest.raises(ConfigError, match="line 1: its prompt contains the blank '_' 2 times"):
        world.read()


def test_a_task_with_a_blank_in_a_chat_template(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.change_task(**BLANK, examples={"explanation": 0})
    source = {"kind": "local", "path": "tiny"}
    world.write_entry("models", "tiny", {"description": "Tiny.", "source": source, "chat_template": True})  # fmt: skip
    with pytest.raises(
        ConfigError, match="task tiny: blank: cannot be put into the chat template of model tiny"
    ):
        world.read()


def test_a_task_that_is_not_explained_has_no_such_jobs_in_the_plan(tmp_path: Path) -> None:
    """Beside one that is: the same jobs as without it, but for its predictions."""
    world = World(tmp_path)
    before = [job for job in Workload(world.read()).jobs() if job.rule != "train_model"]
    world.write_entry("tasks", "other", world.task | BLANK | {"examples": {"explanation": 0}})
    world.raw["tasks"] = ["tiny", "other"]
    settings = world.read()
    after = list(Workload(settings).jobs())
    added = {(job.rule, job.key) for job in after} - {(job.rule, job.key) for job in before}
    assert added == {("predict", ("tiny", "tiny", "other"))}
    decided = {(each.task, each.label) for each in decisions(settings)}
    assert ("other", "accuracy") in decided and ("other", "faithfulness") not in decided
    assert ("tiny", "faithfulness") in decided
    assert {quantity for task, quantity in decided if task not in ("tiny", "other")} >= {"accuracy"}
