"""Logs of lm-evaluation-harness before 0.4.3: one JSON list, under a name that begins with the model's arguments."""

import json
from pathlib import Path

import pytest
from made_logs import Row, accuracy, entry, write_lines, write_list

from keepfaith.config.errors import ConfigError
from keepfaith.imports.levels import read_task
from keepfaith.imports.runs import logs_by_task

OPTIONS = ["no", "yes"]
LABELS = [n % 2 for n in range(10)]
DENSE = [entry(n, OPTIONS, k, k, right=True) for n, k in enumerate(LABELS)]
PRUNED = [entry(n, OPTIONS, k, k if n < 6 else 1 - k, right=n < 6) for n, k in enumerate(LABELS)]


def results(folder: Path, *tasks: str) -> None:
    content = {"results": {}, "configs": {task: {} for task in tasks}, "config": {"model": "hf"}}
    (folder / "results.json").write_text(json.dumps(content, indent=2), encoding="utf-8")


def accuracies(logs: dict[int, Path]) -> list[float]:
    return [accuracy(log) for log in read_task(logs).levels.values()]


@pytest.mark.parametrize("stated", [True, False])
def test_a_run_folder(stated: bool, tmp_path: Path) -> None:
    runs: dict[int, str | Path] = {}
    for level, (name, rows) in {0: ("dense", DENSE), 4: ("drop4", PRUNED)}.items():
        runs[level] = tmp_path / name
        for task in ("arc_easy", "boolq"):
            write_list(
                tmp_path / name / f"pretrained__models__{name},dtype__float32_{task}.jsonl", rows
            )
        if stated:
            results(tmp_path / name, "arc_easy", "boolq")
    found = logs_by_task(runs, "imports.x")
    assert sorted(found) == ["arc_easy", "boolq"]
    for logs in found.values():
        assert accuracies(logs) == [1.0, 0.6]


@pytest.mark.parametrize(
    ("dense", "pruned", "task"),
    [
        ("pretrained__dense_arc_easy.jsonl", "pretrained__drop4_arc_easy.jsonl", "arc_easy"),
        ("pretrained__models__dense___rte.jsonl", "pretrained__models__drop4___rte.jsonl", "rte"),
        ("dense_boolq.jsonl", "drop4_boolq.jsonl", "boolq"),
        ("dense/boolq.jsonl", "drop4/boolq.jsonl", "boolq"),
        ("dense/boolq.json", "drop4/boolq.json", "boolq"),
        ("dense/samples_arc_easy.jsonl", "drop4/samples_arc_easy.jsonl", "arc_easy"),
        ("dense/arc_easy_samples.jsonl", "drop4/arc_easy_samples.jsonl", "arc_easy"),
        ("dense/_arc_easy.jsonl", "pretrained__drop4_arc_easy.jsonl", "arc_easy"),
        (
            "dense/samples_rte_2024-01-02T03-04-05.678.jsonl",
            "drop4/samples_rte_2024-01-02T03-04-05.999.jsonl",
            "rte",
        ),
    ],
)
def test_a_log_by_its_file_name(dense: str, pruned: str, task: str, tmp_path: Path) -> None:
    runs = {0: write_list(tmp_path / dense, DENSE), 4: write_list(tmp_path / pruned, PRUNED)}
    found = logs_by_task(runs, "imports.x")
    assert list(found) == [task]
    assert accuracies(found[task]) == [1.0, 0.6]


def test_an_old_run_and_a_new_one_are_compared(tmp_path: Path) -> None:
    old = write_list(tmp_path / "dense/pretrained__my_dense_model_arc_easy.jsonl", DENSE)
    new = write_lines(tmp_path / "drop4", PRUNED, "arc_easy")
    found = logs_by_task({0: old.parent, 4: new.parent}, "imports.x")
    assert accuracies(found["arc_easy"]) == [1.0, 0.6]


@pytest.mark.parametrize(
    ("prepare", "layout"),
    [
        (lambda text: "\ufeff" + text, "byte order mark"),
        (lambda text: "\n \n" + text + "\n\n", "blanks around"),
        (lambda text: json.dumps(json.loads(text)), "one line"),
    ],
)
def test_other_layouts_of_the_list(prepare: object, layout: str, tmp_path: Path) -> None:
    path = write_list(tmp_path / "m__a_rte.jsonl", PRUNED)
    path.write_text(prepare(path.read_text()), encoding="utf-8")  # type: ignore[operator]
    assert accuracies({0: path}) == [0.6], layout


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (lambda text: text[:-200], "broken JSON"),
        (lambda text: text.rstrip().removesuffix("]").rstrip(), "ends without a ]"),
        (lambda text: text.rstrip().removesuffix("]") + ",", "ends without a ]"),
        (lambda text: text + "[]", "after the end of its list"),
        (lambda text: text.replace("  },\n  {", "  }\n  {", 1), "no comma between two entries"),
        (lambda text: "[]", "holds no rows"),
        (lambda text: "[1, 2]", "line 1: expected an object"),
        (lambda text: "[" * 100_000, "line 1: broken JSON"),
        (lambda text: text.replace('"doc_id": 1,', '"doc_id": 0,'), "is already in line 2"),
    ],
)  # fmt: skip
def test_a_spoilt_list_is_refused_in_one_line(spoil: object, expected: str, tmp_path: Path) -> None:
    path = write_list(tmp_path / "m__a_rte.jsonl", DENSE)
    path.write_text(spoil(path.read_text()), encoding="utf-8")  # type: ignore[operator]
    with pytest.raises(ConfigError) as refusal:
        read_task({0: path})
    assert expected in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_the_line_on_which_an_entry_starts_is_named(tmp_path: Path) -> None:
    rows: list[Row] = [*DENSE[:3], DENSE[3] | {"target": "7"}]
    path = write_list(tmp_path / "m__a_rte.jsonl", rows)
    lines = path.read_text(encoding="utf-8").splitlines()
    start = max(n for n, line in enumerate(lines, start=1) if line == "  {")
    with pytest.raises(ConfigError, match=f"line {start}: target 7 is none of"):
        read_task({0: path})


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (
            ["dense.jsonl", "drop4.jsonl"],
            r"has no log of task dense, .* samples_<task>_<date>.jsonl",
        ),
        (["pretrained__dense.jsonl"], "its name does not show its task; name it samples_<task>_"),
    ],
)
def test_a_name_without_a_task(names: list[str], expected: str, tmp_path: Path) -> None:
    runs: dict[int, str | Path] = {
        level: write_list(tmp_path / name, DENSE) for level, name in enumerate(names)
    }
    with pytest.raises(ConfigError, match=expected):
        logs_by_task(runs, "imports.x")


def test_two_models_in_one_folder(tmp_path: Path) -> None:
    for name in ("dense", "drop4"):
        write_list(tmp_path / f"pretrained__{name}_rte.jsonl", DENSE)
    results(tmp_path, "rte")
    with pytest.raises(ConfigError, match="holds two logs of task rte"):
        logs_by_task({0: tmp_path}, "imports.x")
