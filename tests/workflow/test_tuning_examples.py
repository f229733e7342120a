"""A study of predictions alone, of two tasks, one with a tuning split and one without.

Temperatures of the one, and why not of the other; nothing is explained.
"""

import html
import re
from pathlib import Path

import polars as pl
import pytest
import yaml
from workflow_copy import Workflow, copy_workflow

from keepfaith.artifacts.schemas import ALL
from keepfaith.artifacts.tables import read_provenance, read_table
from keepfaith.plugins.cell_figure import CELL_FIGURES
from keepfaith.statistics.temperature_metrics import NO_TUNING

STUDY = """
name: temperature
models: [builtin]
orders: [last_k]
tasks: [birds, sentiment]
levels: [0, 3]
examples: {evaluation: 40, explanation: 0}
statistics: {repetitions: 200}
calibration: {null_repetitions: 200}
efficiency: {contexts: [16], new_tokens: 2, repeats: 1}
folders: {data: .}
scoring: {device: cpu}
report: {figure_formats: []}
"""
BIRDS = {
    "version": 1,
    "description": "Does it fly?",
    "prompt": "{text}\nDoes it fly?\nAnswer:",
    "fields": ["text"],
    "options": ["no", "yes"],
    "sources": {"local": {"splits": {"evaluation": "birds.csv"}}},
}
CELLS = Path("results/builtin/last_k")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Workflow:
    workflow = copy_workflow(tmp_path_factory.mktemp("temperature") / "study")
    rows = [f"Bird {n} is light.,{n % 2}" for n in range(20)]
    (workflow.folder / "birds.csv").write_text("\n".join(["text,label", *rows]))
    (workflow.folder / "config/catalog/tasks/birds.yaml").write_text(yaml.safe_dump(BIRDS))
    (workflow.folder / "temperature.yaml").write_text(STUDY)
    result = workflow.run("--configfile", "temperature.yaml")
    assert result.returncode == 0, result.stdout[-5000:]
    return workflow


def table(run: Workflow, task: str, name: str) -> pl.DataFrame:
    return read_table(run.folder / CELLS / task / f"{name}.parquet", ALL[name])


def test_tuning_examples_are_predicted_apart_from_those_that_are_evaluated(run: Workflow) -> None:
    examples = read_table(run.folder / "results/tasks/sentiment/examples.parquet", ALL["examples"])
    for name, subset, count in (
        ("predictions", "evaluation", 40),
        ("tuning_predictions", "tuning", 500),
    ):
        found = table(run, "sentiment", name)
        ids = examples.filter(subset)["example_id"]
        assert set(found["example_id"]) == set(ids) and len(ids) == count
        assert found["level"].unique().sort().to_list() == [0, 3]
    metrics = table(run, "sentiment", "metrics")
    rows = metrics.filter(metric="temperature")
    assert rows["level"].to_list() == [0, 3] and set(rows["examples"]) == {500}
    assert (rows["low"] < rows["high"]).all() and rows["value"].is_between(0.05, 20).all()
    assert set(metrics.filter(metric="ece_tempered")["examples"]) == {40}


def test_a_task_without_tuning_examples_runs_and_says_what_it_lacks(run: Workflow) -> None:
    assert table(run, "birds", "tuning_predictions").is_empty()
    metrics = table(run, "birds", "metrics")
    assert set(metrics.filter(metric="ece")["examples"]) == {20}  # no row is taken from evaluation
    assert not metrics["metric"].str.contains("temper|^nll_").any()
    for task, said in (("birds", 1), ("sentiment", 0)):
        path = run.folder / CELLS / task / "metrics.parquet"
        assert list(read_provenance(path).measured["notes"]).count(NO_TUNING) == said
    page = (run.folder / "results/report/index.html").read_text(encoding="utf-8")
    assert page.count(NO_TUNING) == 2  # as every note: in the answer and in its cell
    # On the task without a tuning split the figure of temperatures has nothing to show and is left out.
    captions = re.findall("<figcaption>.*?</figcaption>", page, re.DOTALL)
    read = [html.unescape(re.sub("<[^>]*>", "", caption)) for caption in captions]
    explained = CELL_FIGURES.load("temperature").explanation
    assert sum(caption.startswith(explained) for caption in read) == 1


def test_a_study_of_predictions_alone_explains_nothing(run: Workflow) -> None:
    examples = read_table(run.folder / "results/tasks/sentiment/examples.parquet", ALL["examples"])
    assert not examples["explanation"].any()
    assert set(table(run, "sentiment", "metrics")["family"]) == {"accuracy", "calibration"}
    verdict = table(run, "sentiment", "verdict")
    assert set(verdict["quantity"]) == {"accuracy", "ece", "brier"} and verdict.height == 3
    made = {path.name for path in (run.folder / CELLS / "sentiment").iterdir()}
    assert made == {
        f"{name}.parquet"
        for name in (
            "predictions",
            "tuning_predictions",
            "metrics",
            "reliability",
            "verdict",
            "misalignment",
            "fluctuation",
        )
    }
    page = (run.folder / "results/report/index.html").read_text(encoding="utf-8")
    assert "Attribution methods</h3>" not in page and "Explained examples" not in page
