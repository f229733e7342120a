"""`snakemake imported` on real logs of lm-evaluation-harness: a dense model and one without some attention."""

import html
import os
import re
import shutil
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from workflow_copy import REPOSITORY, Workflow, copy_workflow

pytest.importorskip("lm_eval.models.huggingface", reason="lm-evaluation-harness is not installed")

import yaml
from harness_runs import log_run, multiple_choice, write_rows

from keepfaith.artifacts.schemas import EXAMPLES, METRICS, PREDICTIONS, RELIABILITY, VERDICT
from keepfaith.artifacts.tables import read_table
from keepfaith.config.load import load_study
from keepfaith.models.builtin import CHECKPOINT
from keepfaith.models.loading import load_model, load_tokenizer
from keepfaith.statistics.verdict import STATUSES
from keepfaith.tasks.prepare import prepare_task

STUDY = """
name: logs
models: [builtin]
orders: [cosine]
text: builtin
tasks: [sentiment, passage]
methods: [random]
examples: {evaluation: 60, explanation: 4, tuning: 20}
statistics: {repetitions: 200}
scoring: {device: cpu}
calibration: {null_repetitions: 200}
report: {figure_formats: []}
imports: {zeroed: {0: runs/dense, 5: runs/level5, passage: text}}
"""
DROPPED = {0: (), 5: (6, 5, 4, 3, 2)}
"""Layers whose attention is set to zero, by level."""
RUNS = {0: "dense", 5: "level5"}


@dataclass(frozen=True)
class Imported:
    workflow: Workflow
    results: dict[int, dict[str, Any]]
    output: str

    def table(self, task: str, schema: Any) -> pl.DataFrame:
        return read_table(
            self.workflow.folder / f"results/imported/zeroed/{task}/{schema.name}.parquet", schema
        )


def rows_of(task: str) -> list[dict[str, Any]]:
    settings = load_study(yaml.safe_load(STUDY), [REPOSITORY / "config" / "catalog"])
    table = prepare_task(settings.tasks[task], settings.study.examples).examples
    return [
        {
            "text": row["prompt"][row["fields"][0]["start"] : row["fields"][0]["end"]],
            "prompt": row["prompt"],
            "options": [option.strip() for option in row["options"]],
            "label": row["label"],
            "answer": row["options"][row["label"]].strip(),
        }
        for row in table.filter("evaluation").iter_rows(named=True)
    ]


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Imported:
    from lm_eval.models.huggingface import HFLM

    workflow = copy_workflow(tmp_path_factory.mktemp("imported") / "study")
    (workflow.folder / "logs.yaml").write_text(STUDY, encoding="utf-8")
    data = {
        task: write_rows(workflow.folder / f"data/{task}.jsonl", rows_of(task))
        for task in ("sentiment", "passage")
    }
    tasks = [
        multiple_choice("sentiment", data["sentiment"]),
        multiple_choice("passage", data["passage"], doc_to_target="answer"),
    ]
    results = {}
    for level, layers in DROPPED.items():
        model = load_model(CHECKPOINT, device="cpu")
        for layer in layers:
            model.model.layers[layer].self_attn.o_proj.weight.data.zero_()
        harness = HFLM(pretrained=model, tokenizer=load_tokenizer(CHECKPOINT), batch_size=16)
        results[level] = log_run(harness, tasks, workflow.folder / "runs" / RUNS[level])
    done = workflow.run("imported", "--configfile", "logs.yaml")
    assert done.returncode == 0, done.stdout[-4000:]
    return Imported(workflow, results, done.stdout)


@pytest.mark.parametrize("task", ["sentiment", "passage"])
def test_accuracy_is_what_the_harness_reports(imported: Imported, task: str) -> None:
    metrics = imported.table(task, METRICS).filter(metric="accuracy")
    found = dict(metrics.select("level", "value").iter_rows())
    reported = {k: r["results"][task]["acc,none"] for k, r in imported.results.items()}
    assert found == pytest.approx(reported, abs=1e-12)
    assert reported[0] > 0.8


@pytest.mark.parametrize("task", ["sentiment", "passage"])
def test_accuracy_by_character_is_the_normalised_accuracy_of_the_harness(
    imported: Imported, task: str
) -> None:
    metrics = imported.table(task, METRICS)
    found = dict(
        metrics.filter(metric="accuracy_by_character").select("level", "value").iter_rows()
    )
    reported = {k: r["results"][task]["acc_norm,none"] for k, r in imported.results.items()}
    assert found == pytest.approx(reported, abs=1e-12)
    assert metrics.filter(metric="accuracy_by_byte").height == len(reported)
    assert metrics.filter(metric="accuracy_by_token").is_empty()  # a log counts no tokens


@pytest.mark.parametrize("task", ["sentiment", "passage"])
def test_log_likelihoods_are_those_the_harness_had(imported: Imported, task: str) -> None:
    predictions = imported.table(task, PREDICTIONS)
    assert predictions["level"].unique().sort().to_list() == [0, 5]
    for level, results in imported.results.items():
        found = {
            (row["example_id"], row["option"]): row["log_likelihood"]
            for row in predictions.filter(level=level).iter_rows(named=True)
        }
        had = {
            (str(sample["doc_id"]), option): float(pair[0])
            for sample in results["samples"][task]
            for option, pair in enumerate(sample["filtered_resps"])
        }
        assert found == had


@pytest.mark.parametrize("task", ["sentiment", "passage"])
def test_flips_are_those_counted_by_hand(imported: Imported, task: str) -> None:
    def answers(level: int) -> dict[int, int]:
        samples = imported.results[level]["samples"][task]
        return {
            sample["doc_id"]: max(range(2), key=lambda k: float(sample["filtered_resps"][k][0]))
            for sample in samples
        }

    dense = answers(0)
    rows = imported.table(task, METRICS).filter(metric="flips").sort("level")
    counted = [sum(dense[i] != a for i, a in answers(level).items()) / 60 for level in (0, 5)]
    assert rows["value"].to_list() == pytest.approx(counted, abs=1e-12)
    assert counted[1] > 0
    pruned = rows.filter(pl.col("level") > 0)
    assert (pruned["low"] <= pruned["value"]).all()
    assert (pruned["value"] <= pruned["high"]).all()


def test_examples_keep_prompt_options_and_passage(imported: Imported) -> None:
    row = imported.table("passage", EXAMPLES).row(0, named=True)
    assert row["options"] == [" no", " yes"]
    (field,) = row["fields"]
    assert field["name"] == "text"
    passage = row["prompt"][field["start"] : field["end"]]
    assert row["prompt"].startswith(passage)
    assert "Question" not in passage


def test_calibration_comparison_and_verdict_are_there(imported: Imported) -> None:
    metrics = imported.table("sentiment", METRICS)
    for name in ("ece", "brier", "nll"):
        rows = metrics.filter(metric=name).sort("level")
        assert rows["reference_high"].null_count() == 0, name
        assert rows["p_value"].null_count() == 1, name  # that of the dense level itself
    assert imported.table("sentiment", RELIABILITY).filter(level=5)["count"].sum() == 60
    verdict = imported.table("sentiment", VERDICT)
    assert sorted(verdict["quantity"].unique()) == ["accuracy", "brier", "ece"]


def test_tables_for_spreadsheets_and_figures(imported: Imported) -> None:
    folder = imported.workflow.folder / "results/imported"
    for name in ("metrics", "reliability", "verdict", "misalignment"):
        table = pl.read_csv(folder / f"{name}.csv")
        assert table.columns[:3] == ["imported", "task", "level"]
        assert set(table["task"]) == {"sentiment", "passage"}
    told = pl.read_csv(folder / "cautions.csv")
    assert told.columns == ["imported", "task", "caution"]
    for row in told.iter_rows(named=True):
        said = f"{row['imported']}/{row['task']}: {row['caution']}"
        assert f"keepfaith: {said}" in imported.output
    drawn = {path.stem for path in (folder / "zeroed/passage/figures").glob("*.svg")}
    assert drawn == {"verdict", "accuracy", "change", "confidence", "ece", "reliability"}


def test_the_page_holds_the_tables_of_every_imported_task(imported: Imported) -> None:
    folder = imported.workflow.folder / "results/imported"
    page = (folder / "report/index.html").read_text(encoding="utf-8")
    ElementTree.fromstring(page.split("\n", 1)[1])  # well-formed
    assert page.count("<script") == 1 and "Content-Security-Policy" in page
    for task in ("sentiment", "passage"):
        verdict = imported.table(task, VERDICT)
        worst = next(s for s in reversed(STATUSES) if s in set(verdict["status"]))
        row = re.search(rf'<a href="#[^"]+">{task}</a></th><td class="on-(\w+)" title="(\w+)', page)
        assert row and row.groups() == (worst, worst)
        metrics = imported.table(task, METRICS).filter(metric="accuracy", level=5)
        (accuracy,) = metrics["value"]
        assert f"zeroed on {task}" in page and f"<td>{accuracy:.3f} <span" in page
    for row in pl.read_csv(folder / "cautions.csv").iter_rows(named=True):
        assert row["caution"] in html.unescape(page)
    addresses = re.findall(r'href="(\.\./[^"]+)"', page)
    assert "../metrics.csv" in addresses and "../cautions.csv" in addresses
    assert all((folder / "report" / address).is_file() for address in addresses)
    assert "runs/level5" in page and "report/../../report" not in page


def test_nothing_but_the_import_was_run(imported: Imported) -> None:
    results = imported.workflow.folder / "results"
    assert {path.name for path in results.iterdir() if path.is_dir()} == {"imported"}


def test_other_results_beside_a_log_run_its_import_again(imported: Imported) -> None:
    """Cautions follow from them."""
    (file,) = imported.workflow.folder.glob("runs/level5/**/results_*.json")
    written, times = file.read_bytes(), file.stat()
    file.write_bytes(written + b"\n")
    planned = imported.workflow.run("imported", "-n", "--configfile", "logs.yaml")
    file.write_bytes(written)
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert planned.returncode == 0, planned.stdout[-3000:]
    assert re.search(r"^import_logs +2$", planned.stdout, re.MULTILINE)


def test_a_passage_that_no_log_has_is_refused_in_the_dry_run(imported: Imported) -> None:
    typed = "imports={zeroed: {0: runs/dense, 5: runs/level5, passage: txt}}"
    result = imported.workflow.run("imported", "-n", "--configfile", "logs.yaml", "--config", typed)
    said = [line for line in result.stdout.splitlines() if line.startswith("keepfaith:")]
    assert result.returncode != 0
    assert said == [
        "keepfaith: config: imports.zeroed.passage: 'txt' names nothing in any logged document; type none where there "
        "is no passage; did you mean 'text'?"
    ]


def test_a_truncated_log_is_refused_in_one_line_before_any_job(
    imported: Imported, tmp_path: Path
) -> None:
    workflow = copy_workflow(tmp_path / "study")
    shutil.copytree(imported.workflow.folder / "runs", workflow.folder / "runs")
    (workflow.folder / "logs.yaml").write_text(STUDY, encoding="utf-8")
    (log,) = workflow.folder.glob("runs/level5/**/samples_passage_*.jsonl")
    log.write_bytes(log.read_bytes()[:-100])
    result = workflow.run("imported", "--configfile", "logs.yaml")
    said = [line for line in result.stdout.splitlines() if line.startswith("keepfaith:")]
    assert result.returncode != 0
    assert len(said) == 1, result.stdout
    assert "samples_passage" in said[0]
    assert "line 60" in said[0]
    assert not (workflow.folder / "results/imported").exists()
