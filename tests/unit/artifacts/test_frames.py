"""A path names one file, whatever characters it holds; beside each lies the file that a pattern would name."""

import ast
from pathlib import Path

import polars as pl
import pytest

from keepfaith.artifacts import frames
from keepfaith.artifacts.provenance import Provenance
from keepfaith.artifacts.schemas import TableSchema
from keepfaith.artifacts.shards import Shards
from keepfaith.artifacts.tables import read_provenance, read_table, write_table
from keepfaith.config.files import read_rows
from keepfaith.figures.published import read_published

ROOT = Path(__file__).resolve().parents[3]
PATTERNS = {
    "data[v2]/x.parquet": "data2/x.parquet",
    "part?.parquet": "part1.parquet",
    "all*.parquet": "all-of-it.parquet",
    "[ab].parquet": "a.parquet",
    "**/x.parquet": "deep/x.parquet",
    "~/x.parquet": "home/x.parquet",
    "$HOME/x.parquet": "home/x.parquet",
    "file:/x.parquet": "x.parquet",
    "s3:/bucket/x.parquet": "bucket/x.parquet",
    "a%20b.parquet": "a b.parquet",
    "two words, and a comma.parquet": "two.parquet",
    "year=2020/x.parquet": "year/x.parquet",
    "{x}/y.parquet": "x/y.parquet",
}


def put(path: str, *texts: str) -> Path:
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("wb") as handle:
        pl.DataFrame({"text": texts}).write_parquet(handle)
    return file


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


@pytest.mark.parametrize("name", PATTERNS)
def test_a_table_of_rows_is_that_file(name: str) -> None:
    put(PATTERNS[name], "wrong file")
    path = put(name, "one", "two")
    expected = [("row 1", {"text": "one"}), ("row 2", {"text": "two"})]
    assert list(read_rows(name)) == expected
    assert list(read_rows(path.absolute())) == expected
    assert frames.count_parquet_rows(name) == 2


@pytest.mark.parametrize("name", PATTERNS)
def test_an_artifact_is_that_file(name: str) -> None:
    schema = TableSchema("mine", 1, "Mine.", {"text": pl.String()})
    put(PATTERNS[name], "wrong file")
    frame = pl.DataFrame({"text": ["one"]})
    write_table(frame, Path(name), schema, Provenance())
    assert read_table(Path(name), schema).equals(frame)
    assert read_provenance(Path(name)) == Provenance()


def test_shards_of_a_table_are_its_own() -> None:
    Shards("t1.parquet", "k").get("a", lambda: pl.DataFrame({"x": [1]}))
    Shards("t[1].parquet", "k").get("a", lambda: pl.DataFrame({"x": [2]}))
    found = Shards("t[1].parquet", "k").get("a", lambda: pl.DataFrame({"x": [3]}))
    assert found["x"].to_list() == [2]


def test_published_numbers_of_a_checkout_in_brackets() -> None:
    header = "model,dataset,n_dropped,accuracy,ece\n"
    for folder, accuracy in (("keep[2]", 0.5), ("keep2", 0.9)):
        Path(folder).mkdir()
        Path(folder, "published.csv").write_text(f"{header}o/m,sst2,0,{accuracy},0.1\n")
    assert read_published(Path("keep[2]/published.csv"))["accuracy"].to_list() == [0.5]
    shipped = ROOT / "config/catalog/published/arxiv_2606_24970.csv"
    Path("keep[2]/shipped.csv").write_bytes(shipped.read_bytes())
    assert read_published(Path("keep[2]/shipped.csv")).equals(read_published(shipped))


READS = ("read_", "scan_", "write_")


def hands_a_path_to_polars(source: str) -> list[str]:
    """Calls of polars' readers, and of its writers with an argument (without one they return text)."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    found = []
    for call in calls:
        function = call.func
        if not isinstance(function, ast.Attribute) or not function.attr.startswith(READS):
            continue
        reads = isinstance(function.value, ast.Name) and function.value.id in ("pl", "polars")
        kinds = ("write_parquet", "write_csv", "write_ipc", "write_ndjson", "write_json")
        if reads or (function.attr in kinds and call.args):
            found.append(function.attr)
    return found


def test_nothing_else_hands_a_path_to_polars() -> None:
    assert hands_a_path_to_polars("pl.read_parquet(p)\nf.write_csv(p)\nf.write_csv()") == [
        "read_parquet",
        "write_csv",
    ]
    files = [path for place in ("scripts", "benchmarks") for path in (ROOT / place).rglob("*.py")]
    assert len(files) > 100
    found = {
        str(path.relative_to(ROOT)): calls
        for path in files
        if (calls := hands_a_path_to_polars(path.read_text(encoding="utf-8")))
    }
    assert list(found) == ["scripts/keepfaith/artifacts/frames.py"], found
