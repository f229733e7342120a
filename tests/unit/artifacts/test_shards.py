"""A job that was killed resumes after its finished shards; another job does not."""

import polars as pl
import pytest

from keepfaith.artifacts.shards import Shards, keep_nothing, key_of


def frame(value):
    return pl.DataFrame({"value": [value]})


def never():
    raise AssertionError("a finished shard is made again")


def test_a_finished_part_is_read_and_not_made_again(tmp_path):
    table = tmp_path / "table.parquet"
    shards = Shards(table, "key")
    assert shards.get("0", lambda: frame(1)).equals(frame(1))
    with pytest.raises(ZeroDivisionError):
        shards.get("1", lambda: frame(1 // 0))
    again = Shards(table, "key")
    assert again.get("0", never).equals(frame(1))
    assert again.get("1", lambda: frame(2)).equals(frame(2))
    again.remove()
    assert list(tmp_path.iterdir()) == []


def test_another_key_begins_anew(tmp_path):
    Shards(tmp_path / "table.parquet", "one").get("0", lambda: frame(1))
    assert Shards(tmp_path / "table.parquet", "two").get("0", lambda: frame(2)).equals(frame(2))


def test_a_folder_without_key_is_not_trusted(tmp_path):
    (tmp_path / "table.parquet.shards").mkdir()
    frame(1).write_parquet(tmp_path / "table.parquet.shards" / "0.parquet")
    assert Shards(tmp_path / "table.parquet", "key").get("0", lambda: frame(2)).equals(frame(2))


def test_a_damaged_part_is_made_again(tmp_path):
    shards = Shards(tmp_path / "table.parquet", "key")
    shards.get("0", lambda: frame(1))
    (shards.folder / "0.parquet").write_bytes(b"PAR1 cut off")
    assert Shards(tmp_path / "table.parquet", "key").get("0", lambda: frame(3)).equals(frame(3))


def test_the_key_follows_settings_and_input_bytes(tmp_path):
    source = tmp_path / "input"
    source.write_text("a")
    key = key_of({"levels": [0, 1], "code": "x"}, [source])
    assert key == key_of({"code": "x", "levels": [0, 1]}, [str(source)])
    assert key != key_of({"levels": [0, 2], "code": "x"}, [source])
    source.write_text("b")
    assert key != key_of({"levels": [0, 1], "code": "x"}, [source])


def test_keep_nothing_makes_at_once():
    assert keep_nothing("0", lambda: frame(1)).equals(frame(1))
