"""Tables: checked on the way in and out, with their provenance inside and nothing that differs between equal runs."""

import ast
from pathlib import Path

import polars as pl
import pytest

from keepfaith.artifacts.provenance import Provenance, joined
from keepfaith.artifacts.schemas import ORDER, PREDICTIONS
from keepfaith.artifacts.tables import (
    ArtifactError,
    conform,
    read_provenance,
    read_table,
    write_table,
)

SCRIPTS = Path(__file__).resolve().parents[3] / "scripts"

FRAME = pl.DataFrame(
    {"position": [1, 2], "layer": [3, 0], "component": ["attention", "mlp"], "score": [0.25, 0.5]}
)
PROVENANCE = Provenance(settings={"seed": 7, "criterion": "cosine"}, measured={"token_budget": 512})


def test_round_trip_keeps_values_and_provenance(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "order.parquet"
    write_table(FRAME.select("score", "component", "layer", "position"), path, ORDER, PROVENANCE)
    assert read_table(path, ORDER).equals(FRAME)
    assert read_provenance(path) == PROVENANCE
    assert "torch" in read_provenance(path).packages


def test_equal_content_gives_equal_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_table(FRAME, tmp_path / name, ORDER, PROVENANCE)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
def test_what_is_not_finite_is_refused(bad: float, tmp_path: Path) -> None:
    broken = FRAME.with_columns(score=pl.Series([0.1, bad]))
    with pytest.raises(ArtifactError, match=r"score holds NaN or infinity \(layer 0\)"):
        write_table(broken, tmp_path / "order.parquet", ORDER, PROVENANCE)
    assert not list(tmp_path.iterdir())


def test_a_log_likelihood_that_is_not_finite_is_named_by_level_and_example() -> None:
    rows = [(0, "e000", 0, -1.0, 1), (3, "e001", 0, float("-inf"), 1)]
    frame = pl.DataFrame(rows, schema=dict(PREDICTIONS.columns), orient="row")
    with pytest.raises(ArtifactError, match=r"log_likelihood .* \(level 3, example_id e001\)"):
        conform(frame, PREDICTIONS)


def test_null_is_no_number_and_stands_for_a_missing_one() -> None:
    missing = FRAME.with_columns(score=pl.Series([None, 0.5]))
    assert conform(missing, ORDER)["score"].to_list() == [None, 0.5]


@pytest.mark.parametrize(
    "frame",
    [FRAME.drop("score"), FRAME.with_columns(extra=1), FRAME.with_columns(layer=pl.lit("x"))],
)
def test_wrong_columns_are_refused(frame: pl.DataFrame, tmp_path: Path) -> None:
    with pytest.raises(ArtifactError):
        write_table(frame, tmp_path / "order.parquet", ORDER, PROVENANCE)


def test_another_table_is_refused(tmp_path: Path) -> None:
    write_table(FRAME, tmp_path / "order.parquet", ORDER, PROVENANCE)
    with pytest.raises(ArtifactError, match="holds order version 2, expected predictions"):
        read_table(tmp_path / "order.parquet", PREDICTIONS)


def test_a_table_of_others_has_no_provenance(tmp_path: Path) -> None:
    FRAME.write_parquet(tmp_path / "order.parquet")
    with pytest.raises(ArtifactError, match=r"order\.parquet: not a readable table"):
        read_provenance(tmp_path / "order.parquet")


def test_a_damaged_file_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "order.parquet"
    write_table(FRAME, path, ORDER, PROVENANCE)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ArtifactError, match=r"order\.parquet: not a readable table"):
        read_table(path, ORDER)
    with pytest.raises(ArtifactError, match=r"order\.parquet: not a readable table"):
        read_provenance(path)


def test_a_table_that_was_edited_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "order.parquet"
    write_table(FRAME, path, ORDER, PROVENANCE)
    notes = pl.read_parquet_metadata(path)
    ours = {name: text for name, text in notes.items() if name.startswith("keepfaith")}
    edited = FRAME.with_columns(score=pl.Series([0.25, 0.51]))
    edited.write_parquet(path, metadata=ours)
    with pytest.raises(ArtifactError, match=r"order\.parquet: was changed after it was written"):
        read_table(path, ORDER)
    FRAME.write_parquet(path, metadata=ours)
    assert read_table(path, ORDER).equals(FRAME)


def test_slices_of_the_configuration_are_joined_and_never_hide_each_other() -> None:
    order, draws = {"samples": 8, "seed": 0}, {"seeds": 10, "samples": [4, 64]}
    assert joined(order, {"draws": draws}) == {"samples": 8, "seed": 0, "draws": draws}
    for other in (draws, {"seed": 0}, {"samples": None}):
        with pytest.raises(ValueError, match=r"'(samples|seed)' is in two slices; nest one"):
            joined(order, other)


@pytest.mark.parametrize("script", sorted(SCRIPTS.glob("*.py")), ids=lambda path: path.stem)
def test_no_script_lays_settings_over_each_other(script: Path) -> None:
    """A display of several unpacked mappings keeps the last of two values in silence."""
    for node in ast.walk(ast.parse(script.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Dict):
            assert None not in node.keys, f"line {node.lineno}: use joined"
