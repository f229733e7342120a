"""Which cell of one study is compared with which of the other."""

from pathlib import Path

import pytest

from keepfaith.comparison.cells import StudyCell, cells_of, paired_cells
from keepfaith.config.errors import ConfigError


def cells(*places: str, results: str = "a") -> list[StudyCell]:
    return [StudyCell(Path(results), *place.split("/")) for place in places]


def names(
    first: list[StudyCell], second: list[StudyCell], **pairs: str
) -> list[tuple[str, str, str]]:
    found, _ = paired_cells(first, second, pairs)
    return [(pair.first.path, pair.second.path, pair.first.task) for pair in found]


def test_equal_names_belong_together_and_the_others_are_named() -> None:
    first = cells("m/o/sst2", "m/o/rte", "m/p/sst2")
    second = cells("m/o/sst2", "m/o/boolq", "n/o/sst2")
    found, notes = paired_cells(first, second, {})
    assert [(pair.first.path, pair.second.path) for pair in found] == [("m/o", "m/o")]
    assert len(notes) == 4
    assert notes[0] == "m/o, rte of the first study has no partner in the other and is left out."


def test_the_only_ones_of_a_task_belong_together() -> None:
    assert names(cells("m/o/sst2"), cells("n/p/sst2")) == [("m/o", "n/p", "sst2")]


def test_pairs_say_which() -> None:
    first, second = cells("m/o/sst2", "m/p/sst2"), cells("n/o/sst2", "n/p/sst2")
    found, _ = paired_cells(first, second, {"m/o": "n/p"})
    assert [(pair.first.path, pair.second.path) for pair in found] == [("m/o", "n/p")]
    with pytest.raises(ConfigError, match="did you mean 'n/p'"):
        paired_cells(first, second, {"m/o": "n/q"})


def test_nothing_in_common_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"tasks: sst2; and rte.*pairs: \{m/o: n/o\}"):
        paired_cells(cells("m/o/sst2"), cells("n/o/rte"), {})


def test_finished_cells_of_a_folder(tmp_path: Path) -> None:
    for place in ("m/o/sst2", "m/o/rte", "imported/x/piqa"):
        folder = tmp_path / "results" / place
        folder.mkdir(parents=True)
        (folder / "verdict.parquet").touch()
    assert [cell.task for cell in cells_of(tmp_path / "results", "x")] == ["rte", "sst2"]
    with pytest.raises(ConfigError, match=r"did you mean .*results"):
        cells_of(tmp_path, "config: compare.first")
    with pytest.raises(ConfigError, match="there is no folder"):
        cells_of(tmp_path / "nowhere", "config: compare.first")
