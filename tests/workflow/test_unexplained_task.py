"""A task that is not explained beside one that is: its jobs, and its tables up to the verdict."""

import json
import re
from pathlib import Path

import polars as pl
import pytest
from workflow_copy import Workflow, copy_workflow

from keepfaith.artifacts.schemas import ALL
from keepfaith.artifacts.tables import read_table

CELL = Path("results/builtin/cosine/filled")
STUDY = (
    "--configfile",
    "mini.yaml",
    "--config",
    "tasks=[sentiment, filled]",
    "folders={data: data}",
    "levels=[0, 1]",
    "examples={evaluation: 24, explanation: 2, tuning: 4}",
    "report={explained_examples: 2}",
)
TASK = """
version: 1
description: Which word fills the blank?
prompt: "{text}"
fields: [text]
blank: "_"
passage: none
options: [bad, good]
examples: {explanation: 0}
sources:
  local:
    splits: {evaluation: blank.jsonl}
"""
EXPLAINS = {"attribute", "measure_faithfulness", "score_coalitions"}


@pytest.fixture(scope="module")
def workflow(tmp_path_factory: pytest.TempPathFactory) -> Workflow:
    copy = copy_workflow(tmp_path_factory.mktemp("unexplained") / "study")
    (copy.folder / "config/catalog/tasks/filled.yaml").write_text(TASK, encoding="utf-8")
    (copy.folder / "data").mkdir()
    rows = [
        {"text": f"Film {n} was {word}, so it is _ and its end is {word}.", "label": n % 2}
        for n in range(28)
        for word in (("bad", "good")[n % 2],)
    ]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (copy.folder / "data/blank.jsonl").write_text(text, encoding="utf-8")
    return copy


def test_only_the_other_task_has_jobs_that_explain(workflow: Workflow) -> None:
    planned = workflow.run(*STUDY, "--dry-run")
    assert planned.returncode == 0, planned.stdout[-4000:]
    tasks: dict[str, set[str]] = {}
    _, *blocks = re.split(r"^(?:local)?rule ", planned.stdout, flags=re.MULTILINE)
    for block in blocks:
        if found := re.search(r"^ +wildcards: .*task=(\w+)", block, re.MULTILINE):
            tasks.setdefault(block.partition(":")[0], set()).add(found[1])
    assert {rule for rule, of_rule in tasks.items() if of_rule == {"sentiment"}} == EXPLAINS
    others = {rule for rule, of_rule in tasks.items() if of_rule == {"sentiment", "filled"}}
    assert others >= {"predict", "explain_segments", "compute_metrics", "judge", "draw_figures"}


def test_its_tables_of_explanations_are_empty_and_the_rest_is_judged(workflow: Workflow) -> None:
    figures = Path("results/figures/builtin/cosine/filled/accuracy.svg")
    result = workflow.run(*map(str, (CELL / "verdict.parquet", figures)), *STUDY)
    assert result.returncode == 0, result.stdout[-4000:]
    tables = {
        name: read_table(workflow.folder / CELL / f"{name}.parquet", ALL[name])
        for name in ("limits", "segment_curves", "swap", "overlap", "curves", "metrics", "verdict")
    }
    empty = {name for name, table in tables.items() if table.is_empty()}
    assert empty == {"limits", "segment_curves", "swap", "overlap", "curves"}
    assert tables["verdict"]["quantity"].to_list() == ["accuracy", "ece", "brier"]
    families = tables["metrics"]["family"].unique().to_list()
    assert sorted(families) == ["accuracy", "calibration"]
    accuracy = tables["metrics"].filter(pl.col("metric") == "accuracy")
    assert accuracy["examples"].to_list() == [24, 24]
