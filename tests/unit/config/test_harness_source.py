"""A study with a task of lm-evaluation-harness, as far as it is checked before any job."""

from pathlib import Path

import pytest
from world import World

from keepfaith.config import preflight
from keepfaith.config.errors import ConfigError
from keepfaith.config.schema import HarnessTaskSource


def harness_world(folder: Path, **source: object) -> World:
    world = World(folder)
    content = {"task": "piqa"} | source
    world.change_task(prompt=None, fields=None, options=None, sources={"harness": content})
    return world


def test_prompt_and_choices_are_left_to_the_harness(tmp_path: Path) -> None:
    pytest.importorskip("lm_eval", reason="lm-evaluation-harness is not installed")
    settings = harness_world(tmp_path, include_path="mine", num_fewshot=5).read()
    task = settings.tasks["tiny"]
    assert isinstance(task.source, HarnessTaskSource)
    assert task.source.include_path == str(tmp_path / "data" / "mine")
    assert (task.source.num_fewshot, task.source.allow_code) == (5, False)
    assert (task.task.prompt, task.task.fields, task.task.options) == (
        "{context}",
        ("context",),
        None,
    )
    assert task.files() == []
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
