"""Levels of a path are read off the table that says how they are made."""

from pathlib import Path

import polars as pl
import pytest

from keepfaith.artifacts.provenance import Provenance
from keepfaith.artifacts.schemas import CHECKPOINTS, ORDER
from keepfaith.artifacts.tables import ArtifactError, conform, write_table
from keepfaith.models.components import Component
from keepfaith.models.level_groups import LevelGroup
from keepfaith.orders.levels import read_levels
from keepfaith.orders.order import order_table


def checkpoints(folder: Path) -> Path:
    rows = [
        {"level": level, "label": name, "folder": f"at/{name}", "source": "local", "revision": None,
         "model_type": "llama", "layers": 4, "files": f"digest of {name}"}
        for level, name in ((3, "tuned"), (0, "dense"), (1, "rounded"))
    ]  # fmt: skip
    table = conform(pl.DataFrame(rows, schema=dict(CHECKPOINTS.columns)), CHECKPOINTS)
    write_table(table, folder / "checkpoints.parquet", CHECKPOINTS, Provenance(settings={}))
    return folder / "checkpoints.parquet"


def test_a_pruning_path_is_one_group(tmp_path: Path) -> None:
    ranked = order_table([(Component(2), 0.1), (Component(0, "mlp"), 0.2), (Component(1), 0.3)])
    write_table(ranked, tmp_path / "order.parquet", ORDER, Provenance(settings={}))
    found = read_levels(tmp_path / "order.parquet", "dense", [0, 2])
    (group,) = found.groups
    order = (Component(2), Component(0, "mlp"), Component(1))
    assert group == LevelGroup("dense", (0, 2), order)
    assert group.dropped(0) == () and group.dropped(2) == order[:2]
    assert found.settings == {}


def test_every_checkpoint_is_a_group(tmp_path: Path) -> None:
    found = read_levels(checkpoints(tmp_path), "moved/dense", [0, 1, 3])
    assert [(group.levels, group.folder, group.first) for group in found.groups] == [
        ((0,), "moved/dense", 0),
        ((1,), "at/rounded", 1),
        ((3,), "at/tuned", 3),
    ]
    assert all(group.dropped(group.first) == () for group in found.groups)
    assert found.settings == {
        "checkpoints": {"0": "digest of dense", "1": "digest of rounded", "3": "digest of tuned"}
    }


def test_only_the_levels_that_are_run(tmp_path: Path) -> None:
    assert [group.first for group in read_levels(checkpoints(tmp_path), "dense", [0, 3]).groups] == [
        0, 3,
    ]  # fmt: skip
    with pytest.raises(ValueError, match=r"no checkpoints of levels \[2\]"):
        read_levels(checkpoints(tmp_path), "dense", [0, 2])
    with pytest.raises(ArtifactError):
        read_levels(tmp_path / "order.parquet", "dense", [0])
