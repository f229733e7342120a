"""examples/my_task, copied to a folder outside the checkout and run as docs/tasks.md and its README say."""

import csv
import html
import re
import shlex
import shutil
from pathlib import Path

import polars as pl
import pytest
from workflow_copy import REPOSITORY, Workflow

EXAMPLE = REPOSITORY / "examples" / "my_task"
SMALLER = (
    "levels={maximum: 1}",
    "examples={explanation: 4}",
    "report={explained_examples: 4}",
    "seeds=[0, 1]",
    "efficiency={contexts: [16], new_tokens: 2, repeats: 1}",
    "statistics={repetitions: 200}",
    "calibration={null_repetitions: 200}",
    "faithfulness={segments: 4}",
)
OPTIONS = ["negative", "positive"]


COMMAND = re.compile(r"^    KEEPFAITH/\.venv/bin/snakemake (.+)$", re.MULTILINE)


def commands() -> list[str]:
    """What docs/tasks.md tells to type, in order; the README of the example has the last of them."""
    page = COMMAND.findall((REPOSITORY / "docs" / "tasks.md").read_text(encoding="utf-8"))
    assert COMMAND.findall((EXAMPLE / "README.md").read_text(encoding="utf-8")) == page[-1:]
    return page


def typed(command: str, folder: Path) -> str:
    """Output of one command, with this interpreter's Snakemake, on a smaller study."""
    words = shlex.split(command.replace("KEEPFAITH", str(REPOSITORY)))
    done = Workflow(folder).run(*words, "--config", *SMALLER)
    assert done.returncode == 0, done.stdout[-4000:]
    assert "keepfaith:" not in done.stdout  # nothing to warn of
    return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of somebody who follows docs/tasks.md, after its last command."""
    copy = Path(shutil.copytree(EXAMPLE, tmp_path_factory.mktemp("anywhere") / "my task"))
    look, prepare, run = commands()
    assert "write_report" in typed(look, copy)
    assert not (copy / "results/tasks").exists()
    typed(prepare, copy)
    examples = pl.read_parquet(copy / "results/tasks/my_task/examples.parquet")
    assert examples.select("evaluation", "tuning").sum().row(0) == (32, 8)
    typed(run, copy)
    return copy


def test_accuracy_is_counted_on_the_rows_of_the_file(folder: Path) -> None:
    with (EXAMPLE / "film_notes.csv").open(encoding="utf-8", newline="") as file:
        verdicts = {row["id"]: row["verdict"] for row in csv.DictReader(file)}
    assert len(verdicts) == 40
    predictions = pl.read_parquet(folder / "results/builtin/cosine/my_task/predictions.parquet")
    right: dict[int, list[bool]] = {0: [], 1: []}
    for (level, example), rows in predictions.group_by("level", "example_id"):
        best = rows.sort("log_likelihood")["option"][-1]
        right[level].append(OPTIONS[best] == verdicts[str(example).removeprefix("evaluation-")])
    metrics = pl.read_csv(folder / "results/summary/metrics.csv", infer_schema_length=None)
    accuracy = metrics.filter(pl.col("metric") == "accuracy", pl.col("task") == "my_task")
    found = dict(accuracy.select("level", "value").iter_rows())
    assert found == pytest.approx({level: sum(each) / 32 for level, each in right.items()})
    assert found[0] > 0.8  # as the README says, easy


def test_the_report_explains_notes_of_the_file(folder: Path) -> None:
    page = (folder / "results/report/index.html").read_text(encoding="utf-8")
    shown = " ".join(html.unescape(re.sub(r"<[^>]*>", "", page)).split())
    assert "Is a short note on a film positive or negative?" in shown
    attributions = pl.read_parquet(
        folder / "results/builtin/cosine/my_task/attributions/kernelshap-seed0.parquet"
    )
    assert attributions["example_id"].n_unique() == 4
    with (EXAMPLE / "film_notes.csv").open(encoding="utf-8", newline="") as file:
        notes = [row["note"] for row in csv.DictReader(file)]
    assert sum(note in shown for note in notes) == 4


def test_every_figure_has_its_formats(folder: Path) -> None:
    files = [path for path in (folder / "results/figures").rglob("*.*") if path.is_file()]
    formats = {path.with_suffix("") for path in files}
    assert len(formats) > 10
    assert sorted(files) == sorted(
        stem.with_suffix(f".{kind}") for stem in formats for kind in ("svg", "pdf", "png")
    )


def test_nothing_else_is_written_beside_it(folder: Path) -> None:
    made = {path.name for path in folder.iterdir()} - {path.name for path in EXAMPLE.iterdir()}
    assert made == {"results", "logs", ".snakemake"}
