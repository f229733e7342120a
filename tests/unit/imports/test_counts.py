"""A log that was cut is refused; one of a run over chosen examples is read, though its results state the whole task."""

import hashlib
from pathlib import Path

import pytest
from made_logs import DATE, Row, accuracy, entry, write_lines, write_results

from keepfaith.config.errors import ConfigError
from keepfaith.imports.levels import read_levels

OPTIONS = ["no", "yes"]
WHOLE = 50
CHOSEN = [1, 4, 9, 16, 25]
FIRST = [0, 1, 2, 3, 4]


def run(doc_ids: list[int], wrong: int) -> list[Row]:
    return [
        entry(n, OPTIONS, n % 2, n % 2 if k >= wrong else 1 - n % 2, right=k >= wrong)
        for k, n in enumerate(doc_ids)
    ]


def digest(rows: list[Row]) -> str:
    hashes = (row["doc_hash"] + row["prompt_hash"] + row["target_hash"] for row in rows)
    return hashlib.sha256("".join(hashes).encode("utf-8")).hexdigest()


def stated(rows: list[Row] | None, examples: object = WHOLE, **others: object) -> Row:
    """Results that state the whole task's examples, with the hash over `rows` where these are given."""
    counts = {"n-samples": {"made": {"original": WHOLE, "effective": examples}}}
    return counts | ({} if rows is None else {"task_hashes": {"made": digest(rows)}}) | others


def levels(folder: Path, dense: list[Row], pruned: list[Row]) -> dict[int, Path]:
    return {0: write_lines(folder / "dense", dense), 4: write_lines(folder / "drop4", pruned)}


@pytest.mark.parametrize("hashes", [True, False])
@pytest.mark.parametrize("doc_ids", [CHOSEN, FIRST, CHOSEN[::-1]])
def test_chosen_examples_are_read(hashes: bool, doc_ids: list[int], tmp_path: Path) -> None:
    rows = [run(doc_ids, 0), run(doc_ids, 2)]
    logs = levels(tmp_path, *rows)
    for path, of_level in zip(logs.values(), rows, strict=True):
        write_results(path.parent, stated(of_level if hashes else None))
    assert [accuracy(log) for log in read_levels(logs).values()] == [1.0, 0.6]


@pytest.mark.parametrize(
    "said",
    [
        stated(run(FIRST, 0)),
        stated(None, config={"samples": {"made": FIRST}}),
        stated(None, samples={"made": FIRST}),
        stated(None, config={"samples": "chosen.json"}),
        {"results": {}},
        stated(None, 5),
    ],
    ids=["hash", "config", "samples", "file", "states nothing", "states these"],
)
def test_a_single_level_of_chosen_examples(said: Row, tmp_path: Path) -> None:
    path = write_lines(tmp_path, run(FIRST, 0))
    write_results(tmp_path, said)
    assert accuracy(read_levels({0: path})[0]) == 1.0


def test_chosen_examples_whose_hash_is_that_of_other_lines(tmp_path: Path) -> None:
    logs = levels(tmp_path, run(CHOSEN, 0), run(CHOSEN, 2))
    for path in logs.values():
        write_results(path.parent, stated(run(list(range(WHOLE)), 0)))
    assert [accuracy(log) for log in read_levels(logs).values()] == [1.0, 0.6]


@pytest.mark.parametrize("hashes", [True, False])
@pytest.mark.parametrize("cut", [[4], [0, 4]])
def test_a_cut_log_is_refused(hashes: bool, cut: list[int], tmp_path: Path) -> None:
    whole = run(list(range(WHOLE)), 0)
    rows = {level: whole[:20] if level in cut else whole for level in (0, 4)}
    logs = levels(tmp_path, rows[0], rows[4])
    for path in logs.values():
        write_results(path.parent, stated(whole if hashes else None))
    if len(cut) == 2 and not hashes:
        assert len(read_levels(logs)[0]) == 20  # nothing tells this from --samples
        return
    with pytest.raises(ConfigError) as refusal:
        read_levels(logs)
    assert str(refusal.value) == (
        f"{logs[cut[0]]}: holds 20 examples, results_{DATE}.json says 50; copy the whole log again, or, where the run "
        f"had --samples, move results_{DATE}.json away"
    )


def test_a_single_cut_log_is_refused(tmp_path: Path) -> None:
    path = write_lines(tmp_path, run(FIRST, 0))
    write_results(tmp_path, stated(None))
    with pytest.raises(ConfigError, match=r"holds 5 examples, results_.* says 50; copy the whole"):
        read_levels({0: path})


def test_logs_of_other_chosen_examples_are_refused(tmp_path: Path) -> None:
    logs = levels(tmp_path, run(CHOSEN, 0), run(FIRST, 2))
    with pytest.raises(
        ConfigError, match=r"has no example doc_id 0, .*\(same --limit or --samples"
    ):
        read_levels(logs)


@pytest.mark.parametrize(
    "said",
    [
        stated(None, "50"), stated(None, True), stated(None, None), {"n-samples": {}}, {"n-samples": None},
        {"n-samples": {"made": []}}, [],
    ],
)  # fmt: skip
def test_results_that_state_no_count_are_named(said: Row, tmp_path: Path) -> None:
    path = write_lines(tmp_path, run(FIRST, 0))
    results = write_results(tmp_path, said)
    with pytest.raises(ConfigError) as refusal:
        read_levels({0: path})
    assert str(refusal.value).startswith(f"{results}: does not say how many examples task made has")
