"""examples/my_task, copied to a folder outside the checkout and run as its README says."""

import csv
import html
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from workflow_copy import REPOSITORY, environment

EXAMPLE = REPOSITORY / "examples" / "my_task"
SMALLER = (
    "levels={maximum: 1}",
    "examples={explanation: 4}",
    "report={explained_examples: 4}",
    "seeds=[0, 1]",
    "efficiency={contexts: [16], new_tokens: 2, repeats: 1}",
    "statistics={repetitions: 200}",
    "faithfulness={segments: 4}",
)
OPTIONS = ["negative", "positive"]


def command() -> list[str]:
    """What the README tells to type, with this interpreter's Snakemake."""
    text = (EXAMPLE / "README.md").read_text(encoding="utf-8")
    (line,) = re.findall(r"^    KEEPFAITH/\.venv/bin/snakemake (.+)$", text, re.MULTILINE)
    words = shlex.split(line.replace("KEEPFAITH", str(REPOSITORY)))
    return [sys.executable, "-m", "snakemake", *words, "--config", *SMALLER]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = Path(shutil.copytree(EXAMPLE, tmp_path_factory.mktemp("anywhere") / "my task"))
    done = subprocess.run(
        command(),
        cwd=copy,
        env=environment(),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=1200,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    assert "keepfaith:" not in done.stdout  # nothing to warn of
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


def test_nothing_else_is_written_beside_it(folder: Path) -> None:
    made = {path.name for path in folder.iterdir()} - {path.name for path in EXAMPLE.iterdir()}
    assert made == {"results", "logs", ".snakemake"}
