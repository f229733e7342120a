"""The look at local inputs before any job says how many rows are left out, of every file that is read."""

from pathlib import Path

import pytest
from world import World

from keepfaith.config.errors import ConfigError
from keepfaith.config.load import load_study
from keepfaith.config.preflight import check


def notes(world: World) -> list[str]:
    return check(load_study(world.raw, [world.catalog]))


def test_nothing_to_say(tmp_path: Path) -> None:
    world = World(tmp_path)
    assert notes(world) == []
    world.change_source(skip=["unlabelled", "empty"])
    assert notes(world) == []


def test_methods_are_admitted_for_the_models_that_they_are_written_for(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.set("methods", ["attnlrp", "lime"])
    assert notes(world) == []
    world.set("models", ["tiny", "builtin"])
    assert notes(world) == []


def test_rows_left_out_are_counted_by_file_and_reason(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.change_source(skip=["unlabelled", "empty"])
    rows = world.rows()
    world.write_rows("test.jsonl", [*rows, rows[0] | {"label": -1}, rows[0] | {"text": None}])
    world.write_rows("dev.jsonl", [*world.rows("dev"), {"id": 9, "label": 0}])
    world.write_rows("train.jsonl", [*rows, rows[0] | {"label": None}])
    data = tmp_path / "data"
    expected = [
        f"{data / 'test.jsonl'}: 2 of 6 rows left out by skip (1 empty, 1 unlabelled) (task tiny)",
        f"{data / 'dev.jsonl'}: 1 of 5 rows left out by skip (1 empty) (task tiny)",
    ]
    assert notes(world) == expected
    world.set("models", ["small_trained"])
    of_training = f"{data / 'train.jsonl'}: 1 of 5 rows left out by skip (1 unlabelled) (task tiny)"
    assert notes(world) == [*expected, of_training]


def test_tuning_rows_that_are_evaluated_too_are_counted(tmp_path: Path) -> None:
    """In another file, under other ids and labels."""
    world = World(tmp_path)
    table = [row | {"id": 9 - row["id"], "label": 0} for row in world.rows()[:3]]
    world.write_rows("dev.jsonl", [*table, *world.rows("dev")])
    own, evaluated = tmp_path / "data" / "dev.jsonl", tmp_path / "data" / "test.jsonl"
    said = f"3 of 7 tuning rows are also in {evaluated}, and are left out"
    assert notes(world) == [f"{own}: {said} (task tiny)"]
    world.set("examples.tuning", 5)
    message = r"5 tuning examples are more than the 4 rows .* \(3 more are also in its evaluation split\); type at mo"
    with pytest.raises(ConfigError, match=message):
        notes(world)
