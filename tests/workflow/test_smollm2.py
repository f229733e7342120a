"""The study of a real language model on real data, small, where both lie beside the project."""

import os
from pathlib import Path

import polars as pl
import pytest
from workflow_copy import REPOSITORY, Workflow, copy_workflow

DATA = REPOSITORY.parent / "shared" / "data"
MODELS = Path(os.environ.get("KEEPFAITH_SMOLLM2") or REPOSITORY.parent / "shared" / "models")
ABSENT = [
    path
    for path in (DATA / "sst2", DATA / "wikitext2", MODELS / "smollm2-135m-instruct")
    if not path.is_dir()
]
pytestmark = pytest.mark.skipif(bool(ABSENT), reason=f"not at hand: {', '.join(map(str, ABSENT))}")

SMALLER = (
    "models=[smollm2_local]",
    "tasks=[sst2]",
    "task_source=local",
    "text=wikitext2_local",
    "methods=[attnlrp, random]",
    "levels=[0, 11]",
    "examples={evaluation: 24, explanation: 2, tuning: 16}",
    "faithfulness={segments: 3}",
    "report={explained_examples: 2, figure_formats: []}",
    "statistics={repetitions: 200}",
)
CELL = "results/smollm2_local/cosine"


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Workflow:
    workflow = copy_workflow(tmp_path_factory.mktemp("smollm2") / "study")
    folders = f"folders={{data: {DATA}, models: {MODELS}}}"
    result = workflow.run(
        "--configfile", "config/studies/smollm2.yaml", "--config", *SMALLER, folders
    )  # fmt: skip
    assert result.returncode == 0, result.stdout[-5000:]
    return workflow


def test_its_layers_are_dropped_in_the_order_known(study: Workflow) -> None:
    order = pl.read_parquet(study.folder / CELL / "order.parquet").sort("position")
    assert order["layer"].to_list()[:7] == [25, 26, 7, 6, 28, 29, 9]


def test_it_is_right_as_often_as_its_predictions_say(study: Workflow) -> None:
    examples = pl.read_parquet(study.folder / "results/tasks/sst2/examples.parquet")
    labels = dict(examples.filter("evaluation").select("example_id", "label").iter_rows())
    predictions = pl.read_parquet(study.folder / CELL / "sst2/predictions.parquet")
    right: dict[int, list[bool]] = {0: [], 11: []}
    for (level, example), rows in predictions.group_by("level", "example_id"):
        right[level].append(rows.sort("log_likelihood")["option"][-1] == labels[example])
    metrics = pl.read_parquet(study.folder / CELL / "sst2/metrics.parquet")
    found = metrics.filter(metric="accuracy", family="accuracy").select("level", "value")
    expected = {level: sum(each) / 24 for level, each in right.items()}
    assert dict(found.iter_rows()) == pytest.approx(expected)


def test_the_report_is_written(study: Workflow) -> None:
    page = (study.folder / "results/report/index.html").read_text(encoding="utf-8")
    assert "smollm2_local on sst2" in page
