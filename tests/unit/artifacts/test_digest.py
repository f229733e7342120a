"""Two tables have one digest exactly if they say the same."""

from datetime import date

import polars as pl
import pytest

from keepfaith.artifacts.digest import content_digest

BASE = {
    "number": [1, 2, None],
    "score": [0.5, None, -1.0],
    "flag": [True, None, False],
    "text": ["ab", "", None],
    "many": [[1, 2], [], None],
    "spans": [[{"start": 0, "end": 2}], [], None],
}


def test_equal_tables_have_one_digest(tmp_path):
    frame = pl.DataFrame(BASE)
    frame.write_parquet(tmp_path / "frame.parquet")
    assert content_digest(pl.read_parquet(tmp_path / "frame.parquet")) == content_digest(frame)
    # However the rows lie in memory.
    assert content_digest(pl.concat([frame[:1], frame[1:]], rechunk=False)) == content_digest(frame)


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("number", [1, 2, 0]),
        ("number", [1, None, 2]),
        ("score", [0.5, None, -1.0000001]),
        ("score", [0.5, 0.0, -1.0]),
        ("flag", [True, False, False]),
        ("text", ["a", "b", None]),
        ("text", ["ab", None, ""]),
        ("many", [[1], [2], None]),
        ("many", [[1, 2], None, []]),
        ("spans", [[{"start": 0, "end": 3}], [], None]),
        ("spans", [[], [{"start": 0, "end": 2}], None]),
    ],
)
def test_every_change_changes_it(column, values):
    changed = content_digest(pl.DataFrame(BASE | {column: values}))
    assert changed != content_digest(pl.DataFrame(BASE))


def test_names_types_and_order_count():
    digests = [
        content_digest(frame)
        for frame in (
            pl.DataFrame({"a": [1], "b": [2]}),
            pl.DataFrame({"b": [2], "a": [1]}),
            pl.DataFrame({"a": [1], "c": [2]}),
            pl.DataFrame({"a": [1.0], "b": [2]}),
            pl.DataFrame({"a": [1, 1], "b": [2, 2]}),
            pl.DataFrame({"a": [date(1970, 1, 2)], "b": [2]}),
        )
    ]
    assert len(set(digests)) == len(digests)
