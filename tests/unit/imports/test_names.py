"""Names of logs: the task is the one in the name, whatever its characters; packed logs are read."""

import gzip
from pathlib import Path

import pytest
from made_logs import DATE, entry, write_lines, write_list

from keepfaith.config.errors import ConfigError
from keepfaith.imports.levels import read_task
from keepfaith.imports.runs import logs_by_task

ROWS = [entry(n, ["no", "yes"], n % 2, n % 2, right=True) for n in range(4)]


@pytest.mark.parametrize("task", ["a+b", "_x", "mmlu,x", "mmlu@v1", "a-b.c", "fraîcheur_日本"])
def test_the_task_in_the_name(task: str, tmp_path: Path) -> None:
    log = write_lines(tmp_path, ROWS, task)
    assert logs_by_task({0: tmp_path}, "imports.x") == {task: {0: log}}


@pytest.mark.parametrize("task", ["a b", "a=b", "-x", ".x", "{x}", "a:b"])
def test_a_task_that_cannot_be_a_folder(task: str, tmp_path: Path) -> None:
    log = write_lines(tmp_path, ROWS, task)
    with pytest.raises(ConfigError) as refused:
        logs_by_task({0: tmp_path}, "imports.x")
    assert str(refused.value).startswith(f"{log}: the task {task!r} in its name cannot be a folder")


def packed(log: Path, keep: int | None = None) -> Path:
    path = log.with_name(f"{log.name}.gz")
    path.write_bytes(gzip.compress(log.read_bytes())[:keep])
    log.unlink()
    return path


def test_packed_logs_are_read(tmp_path: Path) -> None:
    plain = read_task({0: write_lines(tmp_path / "plain", ROWS)}).levels
    log = packed(write_lines(tmp_path / "packed", ROWS))
    assert logs_by_task({0: tmp_path / "packed"}, "imports.x") == {"made": {0: log}}
    assert read_task({0: log}).levels == plain
    older = packed(write_list(tmp_path / "older" / "pretrained__dense_made.jsonl", ROWS))
    assert logs_by_task({0: tmp_path / "older"}, "imports.x") == {"made": {0: older}}
    assert [line.log_likelihoods for line in read_task({0: older}).levels[0].values()] == [
        line.log_likelihoods for line in plain[0].values()
    ]


def test_packed_logs_that_are_none(tmp_path: Path) -> None:
    cut = packed(write_lines(tmp_path / "cut", ROWS), keep=-20)
    with pytest.raises(ConfigError, match=r"is not a complete gzip file .*; copy it again"):
        read_task({0: cut})
    cut = packed(write_list(tmp_path / "cut" / "pretrained__dense_made.jsonl", ROWS), keep=-20)
    with pytest.raises(ConfigError, match=r"is not a complete gzip file .*; copy it again"):
        read_task({0: cut})
    empty = packed(write_lines(tmp_path / "empty", []))
    with pytest.raises(ConfigError, match="holds no rows"):
        read_task({0: empty})
    named = packed(write_lines(tmp_path / "named", ROWS))
    plain = named.rename(named.with_name(f"samples_made_{DATE}.jsonl"))
    with pytest.raises(ConfigError, match="is packed with gzip; gunzip it"):
        read_task({0: plain})
