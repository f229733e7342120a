"""Calibration text: seeded, never twice, from every kind of source."""

import json
from pathlib import Path

import pytest

from keepfaith.config.errors import ConfigError
from keepfaith.config.schema import BuiltinText, LocalText
from keepfaith.tasks.sources import SourceError
from keepfaith.tasks.text import calibration_text

LINES = [f"Line {number}." for number in range(20)]


def local(path: Path, **changes: object) -> LocalText:
    return LocalText(kind="local", path=str(path), **changes)  # type: ignore[arg-type]


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    path = tmp_path / "text.txt"
    path.write_text("\n\n".join(LINES) + "\n", encoding="utf-8")
    return path


def test_local_lines(lines: Path) -> None:
    texts = calibration_text(local(lines), 8, 0)
    assert len(set(texts)) == 8
    assert set(texts) <= set(LINES)
    assert texts == calibration_text(local(lines), 8, 0)
    assert texts != calibration_text(local(lines), 8, 1)


def test_rows_are_joined_and_none_is_used_twice(lines: Path) -> None:
    texts = calibration_text(local(lines, rows_per_sample=4), 5, 0)
    assert len(texts) == 5
    assert sorted("\n".join(texts).split("\n")) == sorted(LINES)


def test_json_lines_of_another_column(tmp_path: Path) -> None:
    path = tmp_path / "text.jsonl"
    path.write_text("".join(json.dumps({"page": line}) + "\n" for line in LINES))
    assert set(calibration_text(local(path, column="page"), 20, 0)) == set(LINES)
    with pytest.raises(ConfigError, match="line 1: no column 'pages'; did you mean 'page'"):
        calibration_text(local(path, column="pages"), 2, 0)


def test_too_few_texts(lines: Path) -> None:
    with pytest.raises(SourceError, match="20 texts, but 21 are needed"):
        calibration_text(local(lines), 21, 0)


def test_builtin_text() -> None:
    texts = calibration_text(BuiltinText(kind="builtin", rows_per_sample=2), 6, 0)
    assert len(set(texts)) == 6
    assert all(text.count("\nAnswer: ") == 2 for text in texts)
    assert texts == calibration_text(BuiltinText(kind="builtin", rows_per_sample=2), 6, 0)
    assert texts != calibration_text(BuiltinText(kind="builtin", rows_per_sample=2), 6, 1)


def test_line_ends_of_windows_are_none_of_the_text(lines: Path, tmp_path: Path) -> None:
    other = tmp_path / "windows.txt"
    other.write_bytes(lines.read_bytes().replace(b"\n", b"\r\n"))
    assert calibration_text(local(other), 8, 0) == calibration_text(local(lines), 8, 0)
