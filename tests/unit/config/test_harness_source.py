"""A study with a task of lm-evaluation-harness, as far as it is checked before any job."""

from pathlib import Path

import pytest
from world import World

from keepfaith.config import preflight
from keepfaith.config.errors import ConfigError
from keepfaith.config.load import overridden_definitions
from keepfaith.config.schema import HarnessTaskSource


def harness_world(folder: Path, **source: object) -> World:
    world = World(folder)
    content = {"task": "piqa"} | source
    world.change_task(prompt=None, fields=None, options=None, sources={"harness": content})
    return world


def test_prompt_and_choices_are_left_to_the_harness(tmp_path: Path) -> None:
    pytest.importorskip("lm_eval", reason="lm-evaluation-harness is not installed")
    mine = tmp_path / "data" / "mine"
    world = harness_world(tmp_path, include_path="mine", num_fewshot=5)
    with pytest.raises(
        ConfigError, match=r"task tiny: sources.harness.include_path: there is no folder .*mine"
    ):
        world.read()
    mine.mkdir(parents=True)
    for name in ("b.yaml", "a.py", "data.jsonl"):
        (mine / name).touch()
    settings = world.read()
    task = settings.tasks["tiny"]
    assert isinstance(task.source, HarnessTaskSource)
    assert task.source.include_path == str(tmp_path / "data" / "mine")
    assert (task.source.num_fewshot, task.source.allow_code) == (5, False)
    assert (task.task.prompt, task.task.fields, task.task.options) == (
        "{context}",
        ("context",),
        None,
    )
    assert task.files() == [
        str(mine / "a.py"),
        str(mine / "b.yaml"),
    ]  # an edit of them runs the job again
    assert not task.trains()


def test_without_the_harness(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "find_spec", lambda name: None)
    with pytest.raises(
        ConfigError, match=r"needs lm-evaluation-harness.*envs/requirements-harness\.txt"
    ):
        harness_world(tmp_path).read()


def test_a_chat_template_cannot_tell_the_messages_of_such_a_prompt(tmp_path: Path) -> None:
    world = harness_world(tmp_path)
    world.write_entry(
        "models",
        "tiny",
        {
            "description": "Tiny.",
            "source": {"kind": "local", "path": "tiny"},
            "chat_template": True,
        },
    )
    with pytest.raises(
        ConfigError, match="cannot be put into the chat template of model tiny; leave"
    ):
        world.read()


def test_subtasks_of_a_group_are_tasks_of_the_study(tmp_path: Path) -> None:
    pytest.importorskip("lm_eval", reason="lm-evaluation-harness is not installed")
    world = harness_world(
        tmp_path, task="mmlu", subtasks=["abstract_algebra", "mmlu_anatomy", "Formal logic"]
    )
    world.write_entry("tasks", "plain", world_task())
    world.raw["tasks"] = ["plain", "tiny"]
    settings = world.read()
    names = ("plain", "tiny_abstract_algebra", "tiny_anatomy", "tiny_formal_logic")
    assert tuple(settings.tasks) == settings.study.tasks == names
    assert settings.task_entries == ("plain", "tiny")
    for name, subtask in zip(
        names[1:], ("abstract_algebra", "mmlu_anatomy", "Formal logic"), strict=True
    ):
        task = settings.tasks[name]
        assert isinstance(task.source, HarnessTaskSource)
        assert (task.name, task.source.task, task.source.subtasks) == (name, "mmlu", (subtask,))
        # The job of one sub-task does not depend on which others the study has.
        assert task.task.sources.harness == task.source
    assert overridden_definitions(settings, [world.catalog]) == []


def world_task() -> dict[str, object]:
    return {
        "version": 1,
        "description": "Plain.",
        "sources": {"harness": {"task": "piqa"}},
    }


@pytest.mark.parametrize(
    ("subtasks", "words"),
    [
        (["anatomy", "anatomy"], "'anatomy' is listed twice"),
        (["anatomy", "mmlu_anatomy"], "'mmlu_anatomy' is listed twice, or differs from another only by case or signs"),
        (["plain"], "two tasks of the study are called 'tiny_plain'; leave one out, or rename"),
        (["x" * 80], "is longer than 80 characters; give the file of the group a shorter name"),
    ],
)  # fmt: skip
def test_names_of_subtasks(subtasks: list[str], words: str, tmp_path: Path) -> None:
    world = harness_world(tmp_path, task="mmlu", subtasks=subtasks)
    world.write_entry("tasks", "tiny_plain", world_task())
    world.raw["tasks"] = ["tiny_plain", "tiny"]
    with pytest.raises(ConfigError, match=words) as caught:
        world.read()
    assert "\n" not in str(caught.value)
