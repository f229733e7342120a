"""Orders of checkpoints: what may be typed, the levels that a study selects, and folders checked before any job."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from world import World

from keepfaith.config.errors import ConfigError
from keepfaith.config.load import load_study
from keepfaith.models.builtin import CHECKPOINT

LEVELS: dict[int | str, Any] = {0: "dense", 1: "tiny", 2: {"path": "other", "label": "8 bits"}}


def checkpoints(world: World, **changes: object) -> None:
    entry = {"description": "Made.", "kind": "checkpoints", "levels": LEVELS} | changes
    world.write_entry("orders", "made", entry)
    world.raw["orders"] = ["made"]


@pytest.fixture
def world(tmp_path: Path) -> World:
    found = World(tmp_path)
    shutil.copytree(found.model, found.model.with_name("other"))
    checkpoints(found)
    return found


def refusal(world: World) -> str:
    with pytest.raises(ConfigError) as error:
        world.read()
    assert "\n" not in str(error.value)
    return str(error.value)


def test_levels_are_folders_with_labels(world: World) -> None:
    settings = world.read()
    assert settings.orders == {} and settings.levels == {}
    found = settings.checkpoints["made"].levels
    assert {level: source.name for level, source in found.items()} == {1: "tiny", 2: "8 bits"}
    assert [source.path for source in found.values()] == [
        str(world.folder / "models" / name) for name in ("tiny", "other")
    ]
    assert settings.levels_of("tiny", "made") == (0, 1, 2)
    files = {Path(file).name for file in settings.checkpoint_files("made")}
    assert files == {"config.json", "tokenizer.json", "model.safetensors"}
    assert len(settings.checkpoint_files("made")) == 6


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ({}, (0, 1, 2)),
        ({"maximum": "all"}, (0, 1, 2)),
        ({"maximum": 1}, (0, 1)),
        ({"maximum": 7}, (0, 1, 2)),
        ([2], (0, 2)),
        ([0, 1], (0, 1)),
    ],
)
def test_a_study_selects_among_them(
    world: World, levels: object, expected: tuple[int, ...]
) -> None:
    world.raw["levels"] = levels
    settings = world.read()
    assert settings.levels_of("tiny", "made") == expected
    assert list(settings.checkpoints_run("made")) == [level for level in expected if level]
    assert settings.most_pruned_levels() == len(expected) - 1


def test_other_orders_keep_their_levels(world: World) -> None:
    world.raw |= {"orders": ["tiny", "made"], "levels": {"maximum": "all"}}
    settings = world.read()
    assert settings.levels_of("tiny", "tiny") == (0, 1, 2, 3, 4)
    assert settings.levels_of("tiny", "made") == (0, 1, 2)
    assert settings.most_pruned_levels() == 4


def test_a_folder_that_is_not_run_is_not_read(world: World) -> None:
    checkpoints(world, levels={1: "tiny", 2: "nowhere"})
    world.raw["levels"] = [1]
    assert world.read().levels_of("tiny", "made") == (0, 1)
    world.raw["levels"] = [2]
    assert "order made, level 2: there is no folder" in refusal(world)


@pytest.mark.parametrize(
    ("changes", "levels", "said"),
    [
        ({}, [0, 3], ["3 is no level of order 'made'", "levels are 0 to 2"]),
        ({}, {"shares": [0.5]}, ["config: levels.shares", "no level of order 'made'"]),
        ({"levels": {0: "tiny", 1: "other"}}, None, ["level 0 is the study's model", "0: dense"]),
        ({"levels": {0: "dense"}}, None, ["no level beside the dense one", "{1: FOLDER}"]),
        ({"levels": {"one": "tiny"}}, None, ["'one' is no level", "whole numbers from 1"]),
        ({"levels": {-1: "tiny"}}, None, ["-1 is no level"]),
        ({"levels": ["tiny"]}, None, ["expected a block such as {1: FOLDER, 2: FOLDER}"]),
        ({"levels": {1: 8}}, None, ["levels.1", "expected a folder"]),
        ({"levels": {1: {"label": "x"}}}, None, ["either path: FOLDER, or repository"]),
        (
            {"levels": {1: {"path": "tiny", "repository": "a/b"}}}, None,
            ["either path: FOLDER, or repository"],
        ),
        ({"levels": {1: {"repository": "a/b"}}}, None, ["revision", "belong together"]),
        ({"levels": {1: {"path": "tiny", "lable": "x"}}}, None, ["lable", "label"]),
        ({"levels": {1: "tiny", 2: "x/tiny"}}, None, ["two levels are called 'tiny'", "label"]),
        ({"kind": "checkpoint"}, None, ["kind: 'checkpoint'", "kind: checkpoints"]),
        ({"criterion": "cosine"}, None, ["criterion"]),
        ({"levels": {1: "owner/name"}}, None, ["there is no folder", "{repository: OWNER/NAME, "]),
    ],
)  # fmt: skip
def test_near_misses_get_one_line(
    world: World, changes: dict[str, object], levels: object, said: list[str]
) -> None:
    checkpoints(world, **changes)
    if levels is not None:
        world.raw["levels"] = levels
    message = refusal(world)
    assert all(words in message for words in said), message


def test_one_dense_model(world: World) -> None:
    world.write_entry(
        "models", "again", {"description": "A.", "source": {"kind": "local", "path": "tiny"}}
    )
    world.raw["models"] = ["tiny", "again"]
    message = refusal(world)
    assert "order 'made' are compared with one dense model, and these are tiny, again" in message


def test_another_tokenizer_names_both_files(world: World) -> None:
    file = world.folder / "models" / "other" / "tokenizer.json"
    content = json.loads((CHECKPOINT / "tokenizer.json").read_text(encoding="utf-8"))
    (world.model / "tokenizer.json").write_text(json.dumps(content), encoding="utf-8")
    content["normalizer"] = {"type": "Lowercase"}
    file.write_text(json.dumps(content), encoding="utf-8")
    message = refusal(world)
    assert message.startswith("order made, level 2: ")
    assert str(file) in message and str(world.model / "tokenizer.json") in message
    assert "other normalizer" in message


def test_a_broken_folder_is_named(world: World) -> None:
    (world.folder / "models" / "other" / "model.safetensors").unlink()
    assert "order made, level 2: " in refusal(world)


def test_a_method_without_rules_for_a_checkpoint_is_refused(world: World) -> None:
    config = world.folder / "models" / "other" / "config.json"
    config.write_text(json.dumps({"model_type": "gpt2", "n_layer": 4}), encoding="utf-8")
    world.raw["methods"] = ["attnlrp"]
    assert "order made, level 2: " in refusal(world)


def test_repositories_are_left_to_their_job(world: World) -> None:
    checkpoints(world, levels={1: {"repository": "owner/name-8bit", "revision": "abc"}})
    settings = world.read()
    assert settings.checkpoint_files("made") == []
    assert settings.checkpoints["made"].levels[1].name == "name-8bit"


def test_paths_need_the_folder_of_models(world: World) -> None:
    world.raw["models"] = ["builtin"]
    del world.raw["folders"]["models"]
    with pytest.raises(ConfigError, match="order made, level 1 reads 'tiny' below it"):
        load_study(world.raw, [world.catalog])
