"""Logs that cannot be imported end in one line with the place; those that can give what they hold."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("lm_eval.models.dummy", reason="lm-evaluation-harness is not installed")

from harness_runs import log_run, multiple_choice, write_rows
from made_logs import entry

from keepfaith.config.errors import ConfigError
from keepfaith.imports.levels import read_task
from keepfaith.imports.runs import logs_by_task
from keepfaith.imports.tables import examples_table, predictions_table
from keepfaith.models.builtin import CHECKPOINT

COLOURS = ["red", "green", "blue"]
TEXTS = ["The wall of the old house is painted", "The door of the new house is painted"]
ROWS = [
    {
        "prompt": f"{TEXTS[n % 2]}. Question {n}:",
        "text": TEXTS[n % 2],
        "options": COLOURS,
        "label": n % 3,
        "answer": COLOURS[n % 3],
        "prompts": [f"{n} {colour}" for colour in COLOURS],
    }
    for n in range(6)
]


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs `dense` and `pruned` of tasks `index` and `text`, and `others` of tasks that are no such choice."""
    from lm_eval.models.dummy import DummyLM

    folder = tmp_path_factory.mktemp("logged")
    file = write_rows(folder / "data/rows.jsonl", ROWS)
    tasks = [
        multiple_choice("index", file),
        multiple_choice("text", file, doc_to_target="answer"),
    ]
    DummyLM.tokenizer_name = str(CHECKPOINT)  # else it asks a hub for one
    for seed, run in enumerate(("dense", "pruned")):
        log_run(DummyLM(), tasks, folder / run, seed)
    others = [
        multiple_choice(
            "generated", file, output_type="generate_until", doc_to_target="answer", doc_to_choice=None,
            metric_list=[{"metric": "exact_match"}], generation_kwargs={"until": ["\n"]},
        ),
        multiple_choice("mutual", file, metric_list=[{"metric": "acc"}, {"metric": "acc_mutual_info"}]),
        multiple_choice("one", file, output_type="loglikelihood", doc_to_target="answer", doc_to_choice=None,
            metric_list=[{"metric": "acc"}]),
    ]  # fmt: skip
    log_run(DummyLM(), others, folder / "others")
    return folder


@pytest.fixture
def runs(logged: Path, tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    return Path(shutil.copytree(logged, tmp_path / "runs"))


def log(runs: Path, run: str, task: str = "index") -> Path:
    (path,) = (runs / run).rglob(f"samples_{task}_*.jsonl")
    return path


def levels(runs: Path, task: str = "index") -> dict[int, Path]:
    return {0: log(runs, "dense", task), 3: log(runs, "pruned", task)}


@pytest.mark.parametrize("task", ["index", "text"])
def test_both_kinds_of_targets_give_labels_and_options(runs: Path, task: str) -> None:
    found = read_task(levels(runs, task)).levels
    examples = examples_table(found[0])
    assert examples["label"].to_list() == [row["label"] for row in ROWS]
    assert examples["options"].to_list() == [[f" {colour}" for colour in COLOURS]] * len(ROWS)
    predictions = predictions_table(found)
    assert predictions.height == 2 * len(ROWS) * len(COLOURS)
    assert predictions["log_likelihood"].is_between(-1, 0).all()


def test_the_lines_that_other_tests_make_are_those_of_the_harness(runs: Path) -> None:
    real = json.loads(log(runs, "dense").read_text(encoding="utf-8").splitlines()[0])
    made = entry(0, COLOURS, 0, 0, right=True, doc=real["doc"], prompt=ROWS[0]["prompt"])
    assert list(real) == [*made, "acc_norm"]
    for key in ("doc_id", "doc", "target", "arguments", "filter", "prompt_hash", "target_hash"):
        assert made[key] == real[key], key
    assert [type(value) for value in made.values()] == [type(real[key]) for key in made]
    assert [[type(part) for part in pair] for pair in real["filtered_resps"]] == [[str, str]] * 3


def test_texts_of_the_document_are_found_in_the_prompt(runs: Path) -> None:
    table = examples_table(read_task({0: log(runs, "dense")}).levels[0])
    for number, row in enumerate(table.iter_rows(named=True)):
        # The prompt itself stands in the document, too, and the options are short.
        (field,) = row["fields"]
        assert field["name"] == "text"
        assert row["prompt"][field["start"] : field["end"]] == TEXTS[number % 2]


def edit(line: int, **changes: Any) -> Callable[[Path], None]:
    """Change keys of one line of the pruned run's log."""

    def spoil(runs: Path) -> None:
        path = log(runs, "pruned")
        lines = path.read_text(encoding="utf-8").splitlines()
        lines[line - 1] = json.dumps(json.loads(lines[line - 1]) | changes)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")

    return spoil


def cut(runs: Path) -> None:
    path = log(runs, "pruned")
    path.write_bytes(path.read_bytes()[:-40])


def lose_lines(runs: Path) -> None:
    path = log(runs, "pruned")
    path.write_text("".join(path.read_text(encoding="utf-8").splitlines(keepends=True)[:4]))


def fewer_examples(runs: Path) -> None:
    lose_lines(runs)
    next((runs / "pruned").rglob("results_*.json")).unlink()


def without_key(runs: Path) -> None:
    path = log(runs, "pruned")
    path.write_text('{"id": 1}\n', encoding="utf-8")


ARGUMENTS = {
    f"gen_args_{k}": {"arg_0": "Another prompt:", "arg_1": f" {colour}"}
    for k, colour in enumerate(COLOURS)
}
NAN = [["nan", "False"], ["-1.0", "False"], ["-2.0", "False"]]
BEST = [["-0.1", "False"], ["-1.0", "False"], ["-2.0", "False"]]


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (cut, "line 6: broken JSON"),
        (lose_lines, "holds 4 examples"),
        (fewer_examples, "has no example doc_id"),
        (without_key, "line 1: has no doc_id"),
        (edit(2, doc_id=0), "line 2: doc_id 0 is already in line 1"),
        (edit(3, filtered_resps=NAN), "line 3: the log-likelihood of choice 0 is nan"),
        (edit(3, filtered_resps=NAN[1:]), "line 3: has 2 responses to 3 choices"),
        (edit(4, target="7"), "line 4: target '7' is none of the 3 choices"),
        (edit(4, target="-1"), "line 4: target '-1' is none of the 3 choices"),
        (edit(4, target="[0, 1]"), "line 4: target '[0, 1]' is none of the 3 choices"),
        (edit(1, filtered_resps=BEST, acc=0.0), "line 1: acc is 0.0"),
        (edit(5, arguments=ARGUMENTS), "line 5: the prompt of doc_id 4 is 'Another prompt:'"),
        (edit(5, doc_hash="0"), "line 5: the document of doc_id 4"),
    ],
)
def test_a_spoilt_log_is_refused_in_one_line(
    runs: Path, spoil: Callable[[Path], None], expected: str
) -> None:
    spoil(runs)
    with pytest.raises(ConfigError) as refusal:
        read_task(levels(runs))
    message = str(refusal.value)
    assert expected in message
    assert "samples_index_" in message
    assert "\n" not in message


def test_options_that_are_asked_for_without_the_prompt_as_well(logged: Path) -> None:
    path = log(logged, "others", "mutual")
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for line, row in zip(read_task({0: path}).levels[0].values(), rows, strict=True):
        assert len(row["arguments"]) == 6
        assert line.options == tuple(f" {colour}" for colour in COLOURS)
        asked = [float(value) for value, _ in row["filtered_resps"][:3]]
        assert list(line.log_likelihoods) == asked
        assert (line.predicted == line.label) == bool(row["acc"])


@pytest.mark.parametrize(
    ("task", "expected"),
    [
        ("generated", "line 1: is not a multiple choice"),
        ("one", "line 1: has a single choice"),
    ],
)
def test_other_kinds_of_tasks_are_refused(logged: Path, task: str, expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        read_task({0: log(logged, "others", task)})


def test_runs_are_found_by_folder_or_file(runs: Path) -> None:
    found = logs_by_task({0: runs / "dense", 3: runs / "pruned"}, "imports.x")
    assert found == {task: levels(runs, task) for task in ("index", "text")}
    one = log(runs, "dense")
    assert logs_by_task({0: one}, "imports.x") == {"index": {0: one}}


def test_a_level_without_a_task_is_named(runs: Path) -> None:
    log(runs, "pruned", "text").unlink()
    with pytest.raises(ConfigError, match=r"imports.x: level 3 \(.*\) has no log of task text"):
        logs_by_task({0: runs / "dense", 3: runs / "pruned"}, "imports.x")


@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        ("nowhere", "no such file or folder"),
        ("data", "holds no log"),
        ("", "two logs of task index"),
    ],
)
def test_folders_that_are_no_run(runs: Path, folder: str, expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        logs_by_task({0: runs / folder}, "imports.x")
