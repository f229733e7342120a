"""Levels that are one run, however it is spelled or copied, are refused: else all is kept, as nothing has changed."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from made_logs import Row, entry, write_lines, write_list

from keepfaith.config.errors import ConfigError
from keepfaith.imports.levels import check_logs, read_task
from keepfaith.imports.runs import logs_by_task

PLACE = "config: imports.mine"


def rows(wrong: int = 0) -> list[Row]:
    return [
        entry(n, ["no", "yes"], n % 2, (n + (n < wrong)) % 2, right=n >= wrong) for n in range(8)
    ]


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with the run `runs/dense`."""
    monkeypatch.chdir(tmp_path)
    write_lines(tmp_path / "runs/dense", rows())
    return tmp_path / "runs"


def link(runs: Path) -> str:
    (runs / "linked").symlink_to("dense")
    return "runs/linked"


def linked_file(runs: Path) -> str:
    (runs / "other").mkdir()
    (log,) = (runs / "dense").iterdir()
    (runs / "other" / log.name).symlink_to(log)
    return "runs/other"


def hard_link(runs: Path) -> str:
    (runs / "other").mkdir()
    (log,) = (runs / "dense").iterdir()
    os.link(log, runs / "other" / log.name)
    return "runs/other"


@pytest.mark.parametrize(
    "spelled",
    [
        lambda runs: "runs/dense/",
        lambda runs: "./runs/dense",
        lambda runs: "runs/../runs/dense",
        lambda runs: "runs//dense",
        lambda runs: str(runs / "dense"),
        lambda runs: str(next((runs / "dense").iterdir())),
        link,
        linked_file,
        hard_link,
    ],
    ids=["slash", "dot", "up", "two", "full", "file", "link", "linked file", "hard link"],
)
def test_one_run_by_two_paths(spelled: Callable[[Path], str], runs: Path) -> None:
    other = spelled(runs)
    with pytest.raises(ConfigError) as refused:
        logs_by_task({0: "runs/dense", 4: other}, PLACE)
    message = str(refused.value)
    assert message.startswith(
        f"{PLACE}: levels 0 (runs/dense) and 4 ({other}) are the same run: both read /"
    )
    assert message.endswith("; name the run of level 4, or leave it out")


def again(rows: list[Row], folder: Path) -> Path:
    return write_lines(folder, rows)


def another_order(rows: list[Row], folder: Path) -> Path:
    return write_lines(folder, rows[::-1])


def other_keys(rows: list[Row], folder: Path) -> Path:
    return write_lines(folder, [json.loads(json.dumps(row, sort_keys=True)) for row in rows])


def older(rows: list[Row], folder: Path) -> Path:
    return write_list(folder / "pretrained__tiny_made.jsonl", rows)


@pytest.mark.parametrize("copied", [again, another_order, other_keys, older])
def test_a_copy_of_a_run_is_no_other_level(
    copied: Callable[[list[Row], Path], Path], runs: Path
) -> None:
    (dense,) = (runs / "dense").iterdir()
    log = copied(rows(), runs / "copy")
    logs = {0: dense, 2: write_lines(runs / "drop2", rows(3)), 4: log}
    for read in (lambda: read_task(logs).levels, lambda: check_logs([logs], None, PLACE)):
        with pytest.raises(ConfigError) as refused:
            read()
        assert str(refused.value) == (
            f"{log}: level 4 has the log-likelihoods of level 0 ({dense}), bit for bit, in all 8 examples: it is a "
            "copy of that run, or a run of the same model; run the pruned model, or leave that level out"
        )


def test_two_pruned_levels_are_told_apart_as_well(runs: Path) -> None:
    pruned = write_lines(runs / "drop2", rows(3))
    copy = Path(shutil.copytree(runs / "drop2", runs / "drop4")) / pruned.name
    (dense,) = (runs / "dense").iterdir()
    with pytest.raises(ConfigError, match=r"drop4.*: level 4 has the log-likelihoods of level 2 "):
        read_task({0: dense, 2: pruned, 4: copy})


def test_levels_that_differ_in_the_last_bit_of_one_number_are_two(runs: Path) -> None:
    (dense,) = (runs / "dense").iterdir()
    changed = rows()
    changed[5]["filtered_resps"][0][0] = str(float(changed[5]["filtered_resps"][0][0]) - 1e-15)
    assert len(read_task({0: dense, 4: write_lines(runs / "drop4", changed)}).levels) == 2
