"""Local tables are read as they stand: nothing guessed, nothing lost."""

import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keepfaith.config import files
from keepfaith.config.errors import ConfigError
from keepfaith.config.files import read_rows

TEXTS = [
    "2020-01-01",
    "007",
    "NA",
    "null",
    "1e5",
    "True",
    " two ",
    "a,b",
    'say "x"',
    "line\nbreak",
    "\u2028",
    "é😀",
]
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def read(path: Path) -> list[dict[str, object]]:
    return [row for _, row in read_rows(path)]


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".parquet"])
def test_text_is_not_guessed_at(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"table{suffix}"
    frame = pl.DataFrame({"text": TEXTS})
    if suffix == ".jsonl":
        path.write_text(
            "".join(json.dumps({"text": t}, ensure_ascii=False) + "\n" for t in TEXTS),
            encoding="utf-8",
        )
    elif suffix == ".csv":
        frame.write_csv(path)
    else:
        frame.write_parquet(path)
    assert [row["text"] for row in read(path)] == TEXTS


@settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(st.lists(text, min_size=1, max_size=5))
def test_json_lines_round_trip(tmp_path: Path, texts: list[str]) -> None:
    path = tmp_path / "table.jsonl"
    lines = "".join(json.dumps({"text": t}, ensure_ascii=False) + "\n" for t in texts)
    path.write_bytes(lines.encode("utf-8"))
    assert [row["text"] for row in read(path)] == texts


def test_byte_order_mark_and_windows_lines(tmp_path: Path) -> None:
    path = tmp_path / "table.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"a": 1}\r\n{"a": 2}\r\n')
    assert read(path) == [{"a": 1}, {"a": 2}]


def test_places_are_lines_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text('a,b\n1,"two\nlines"\n\n2,x\n', encoding="utf-8")
    assert [place for place, _ in read_rows(path)] == ["line 3", "line 5"]


def test_nested_columns_of_parquet(tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    pl.DataFrame({"choices": [{"text": ["a", "b"], "label": ["A", "B"]}]}).write_parquet(path)
    assert read(path) == [{"choices": {"text": ["a", "b"], "label": ["A", "B"]}}]


def test_csv_that_breaks_off_inside_quotes(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text('a,b\n1,"open\n', encoding="utf-8")
    with pytest.raises(ConfigError, match="broken CSV"):
        read(path)


@pytest.mark.parametrize("open_line", [2, 3])
def test_a_quote_that_is_not_closed_is_named_by_the_row_that_opens_it(
    open_line: int, tmp_path: Path
) -> None:
    path = tmp_path / "table.csv"
    lines = ["a,b", *(f"{n},text" for n in range(6))]
    lines[open_line - 1] = '0,"text'
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=f"row that starts on line {open_line}; close its quotes"):
        read(path)


def test_a_cell_may_be_a_whole_book_but_no_whole_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "table.csv"
    book = "word " * 200_000
    path.write_text(f'a,b\n1,"{book}"\n', encoding="utf-8")
    assert read(path) == [{"a": "1", "b": book}]
    monkeypatch.setattr(files, "LONGEST_CELL", 1000)
    with pytest.raises(ConfigError, match=r"line 2: broken CSV \(a cell has more than 1,000 c"):
        read(path)


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ('{"text": "x", "label": 0, "label": 1}', "label"),
        ('{"label": 1, "choices": {"text": ["a"], "text": ["b"]}}', "text"),
    ],
)
def test_a_key_that_stands_twice_in_one_object(line: str, key: str, tmp_path: Path) -> None:
    """Of two, a reader of JSON takes the last without a word."""
    path = tmp_path / "table.jsonl"
    path.write_text('{"text": "x", "other": {"text": "y"}}\n' + line + "\n", encoding="utf-8")
    with pytest.raises(
        ConfigError, match=f"line 2: the key '{key}' occurs twice in one object; de"
    ):
        read(path)


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs the files of /proc")
@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".tsv"])
def test_a_file_that_the_system_does_not_give_is_named_in_one_line(
    suffix: str, tmp_path: Path
) -> None:
    """Permissions do not stop root; the memory of a process gives an error of reading."""
    path = tmp_path / f"table{suffix}"
    path.symlink_to("/proc/self/mem")
    with pytest.raises(
        ConfigError, match=r"table.*: cannot be read \(Input/output error\); copy it again$"
    ):
        read(path)
