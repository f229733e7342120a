"""Numbers of examples of one task, instead of the study's."""

from pathlib import Path

from world import World


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
