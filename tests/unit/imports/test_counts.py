"""A log that was cut is refused; one of a run over chosen examples is read, though its results state the whole task."""

import hashlib
import json
from pathlib import Path

import pytest
from made_logs import DATE, Row, accuracy, entry, write_lines, write_results

from keepfaith.config.errors import ConfigError
from keepfaith.imports.levels import check_logs, read_task

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


@pytest.mark.parametrize(
    ("hashes", "doc_ids"),
    [
        (True, FIRST), (True, CHOSEN), (True, CHOSEN[::-1]), (True, [0, 10, 20, 30, 40]),
        (False, CHOSEN), (False, CHOSEN[::-1]),
    ],
)  # fmt: skip
def test_chosen_examples_are_read(hashes: bool, doc_ids: list[int], tmp_path: Path) -> None:
    rows = [run(doc_ids, 0), run(doc_ids, 2)]
    logs = levels(tmp_path, *rows)
    for path, of_level in zip(logs.values(), rows, strict=True):
        write_results(path.parent, stated(of_level if hashes else None))
    assert [accuracy(log) for log in read_task(logs).levels.values()] == [1.0, 0.6]


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
    assert accuracy(read_task({0: path}).levels[0]) == 1.0


def test_chosen_examples_whose_hash_is_that_of_other_lines(tmp_path: Path) -> None:
    logs = levels(tmp_path, run(CHOSEN, 0), run(CHOSEN, 2))
    for path in logs.values():
        write_results(path.parent, stated(run(list(range(WHOLE)), 0)))
    assert [accuracy(log) for log in read_task(logs).levels.values()] == [1.0, 0.6]


@pytest.mark.parametrize("hashes", [True, False])
@pytest.mark.parametrize("cut", [[4], [0, 4]])
@pytest.mark.parametrize(
    "piece", [slice(20), slice(30, None), slice(10, 30)], ids=["end", "start", "both"]
)
@pytest.mark.parametrize("devices", [1, 2, 8])
def test_a_cut_log_is_refused(
    hashes: bool, cut: list[int], piece: slice, devices: int, tmp_path: Path
) -> None:
    order = [n for first in range(devices) for n in range(first, WHOLE, devices)]
    whole = {0: run(order, 0), 4: run(order, 2)}
    rows = {level: whole[level][piece] if level in cut else whole[level] for level in (0, 4)}
    logs = levels(tmp_path, rows[0], rows[4])
    for level, path in logs.items():
        write_results(path.parent, stated(whole[level] if hashes else None))
    with pytest.raises(ConfigError) as refusal:
        read_task(logs)
    assert str(refusal.value) == (
        f"{logs[cut[0]]}: holds 20 examples, results_{DATE}.json says 50; copy the whole log again, or, where the run "
        f"had --samples, move results_{DATE}.json away"
    )


def test_a_single_cut_log_is_refused(tmp_path: Path) -> None:
    path = write_lines(tmp_path, run(FIRST, 0))
    write_results(tmp_path, stated(None))
    with pytest.raises(ConfigError, match=r"holds 5 examples, results_.* says 50; copy the whole"):
        read_task({0: path})


def test_logs_of_other_chosen_examples_are_refused(tmp_path: Path) -> None:
    logs = levels(tmp_path, run(CHOSEN, 0), run(FIRST, 2))
    with pytest.raises(
        ConfigError, match=r"has no example doc_id 0, .*\(same --limit or --samples"
    ):
        read_task(logs)


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
        read_task({0: path})
    assert str(refusal.value).startswith(
        f"{results}: does not state the number of examples of task made;"
    )


def noted(logs: dict[int, Path], caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the job's log says beside reading the log of every level."""
    caplog.clear()
    read_task(logs)
    return [record.getMessage() for record in caplog.records]


def test_logs_without_results_are_said_not_to_be_checked(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing tells logs that were all cut alike from whole ones: how many rows were taken is said."""
    logs = levels(tmp_path, run(FIRST, 0), run(FIRST, 2))
    unknown = "no file states its number of examples; 5 taken: the log may be incomplete"
    advice = "; copy the run's results_*.json beside it if there is one"
    assert noted(logs, caplog) == [f"{path}: {unknown}{advice}" for path in logs.values()]
    assert check_logs([logs], None, "imports.x") == [
        f"{logs[0]}: {unknown}, and so may 1 other logs{advice}"
    ]
    for path in logs.values():
        write_results(path.parent, stated(None, 5))
    assert noted(logs, caplog) == check_logs([logs], None, "imports.x") == []


def test_examples_that_all_levels_lack_are_said_to_be_missing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Chosen, or left out by hand at all levels, as a refusal may advise."""
    logs = levels(tmp_path, run(CHOSEN, 0), run(CHOSEN, 2))
    for path in logs.values():
        write_results(path.parent, stated(None))
    first, second = noted(logs, caplog)
    assert first.startswith(
        f"{logs[0]}: results_{DATE}.json says 50 examples; 5 taken: the log may be"
    )
    assert second.startswith(f"{logs[4]}: ")
    for path, of_level in zip(logs.values(), (run(CHOSEN, 0), run(CHOSEN, 2)), strict=True):
        write_results(path.parent, stated(of_level))
    assert noted(logs, caplog) == []


def test_the_list_of_chosen_examples_is_held_against_the_log(tmp_path: Path) -> None:
    logs = levels(tmp_path, run(CHOSEN[:3], 0), run(CHOSEN[:3], 2))
    for path in logs.values():
        write_results(path.parent, stated(None, config={"samples": {"made": CHOSEN}}))
    with pytest.raises(ConfigError, match=r"holds 3 examples, results_.* says 5; copy the whole"):
        read_task(logs)


def test_more_examples_than_stated_are_refused(tmp_path: Path) -> None:
    logs = levels(tmp_path, run(CHOSEN, 0), run(CHOSEN, 2))
    for path in logs.values():
        write_results(path.parent, stated(None, 4))
    with pytest.raises(ConfigError, match=r"holds 5 examples, results_.* says 4; copy the whole"):
        read_task(logs)


@pytest.mark.parametrize("name", ["results.json", "results_of_mine.json", f"results_{DATE}.json"])
def test_a_log_without_a_date_has_the_only_results_beside_it(name: str, tmp_path: Path) -> None:
    logs = {
        level: write_lines(tmp_path / str(level), run(FIRST, wrong)).rename(
            tmp_path / str(level) / "made.jsonl"
        )
        for level, wrong in ((0, 0), (4, 2))
    }
    for path in logs.values():
        (path.parent / name).write_text(json.dumps(stated(None)), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"made\.jsonl: holds 5 examples, results.* says 50"):
        read_task(logs)
    for path in logs.values():
        (path.parent / "results_of_another.json").write_text("{", encoding="utf-8")
    assert len(read_task(logs).levels[0]) == 5
    for path in logs.values():
        (path.parent / name).unlink()
    assert len(read_task(logs).levels[0]) == 5
