"""A study that scores coalitions: tables, verdict and report hold faithfulness that flatness cannot change."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from workflow_copy import Workflow, copy_workflow

from keepfaith.artifacts.schemas import ALL
from keepfaith.artifacts.tables import read_table

CELL = Path("results/builtin/cosine/sentiment")
STUDY = """
name: coalitions
models: [builtin]
orders: [cosine]
text: builtin
tasks: [sentiment]
methods: [input_x_gradient, random]
levels: [0, 3]
examples: {evaluation: 60, explanation: 12, tuning: 0}
faithfulness: {segments: 5, operators: [retokenise], fractions: [0.3]}
statistics: {repetitions: 200}
efficiency: {contexts: [16], new_tokens: 2, repeats: 1}
scoring: {device: cpu}
"""


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Workflow:
    workflow = copy_workflow(tmp_path_factory.mktemp("coalitions") / "study")
    (workflow.folder / "coalitions.yaml").write_text(STUDY)
    result = workflow.run("--configfile", "coalitions.yaml")
    assert result.returncode == 0, result.stdout[-5000:]
    return workflow


def test_every_coalition_is_scored_and_the_last_is_the_prediction(scored: Workflow) -> None:
    coalitions = read_table(scored.folder / CELL / "coalitions.parquet", ALL["coalitions"])
    assert coalitions["example_id"].n_unique() == 12
    assert set(coalitions["log_likelihoods"].list.len()) <= {2**n for n in range(1, 6)}
    predictions = read_table(scored.folder / CELL / "predictions.parquet", ALL["predictions"])
    both = coalitions.join(predictions, on=["level", "example_id", "option"])
    assert both.height == coalitions.height == 12 * 2 * 2
    whole = both["log_likelihoods"].list.last()
    assert whole.to_list() == pytest.approx(both["log_likelihood"].to_list(), abs=1e-5)


def test_exact_explanations_are_judged_and_chance_is_no_method(scored: Workflow) -> None:
    metrics = pl.read_parquet(scored.folder / "results/summary/metrics.parquet")
    rows = metrics.filter(metric="segment_faithfulness")
    assert set(rows["method"]) == {"banzhaf", "leave_one_out", "shapley", "input_x_gradient"}
    assert set(rows["reference_low"]) == {0.0}
    by_method = dict(rows.filter(level=0).select("method", "value").iter_rows())
    assert by_method["shapley"] > 0.5 > by_method["input_x_gradient"]
    verdict = pl.read_parquet(scored.folder / "results/summary/verdict.parquet")
    assert set(verdict.filter(quantity="faithfulness")["margin"]) == {0.1}
    page = (scored.folder / "results/report/index.html").read_text(encoding="utf-8")
    assert "exact Shapley" in page


@pytest.mark.parametrize(
    ("edited", "expected"),
    [
        ("coalitions/methods/shapley.py", {"explain_segments", "compute_metrics"}),
        ("coalitions/operators/delete.py", {"score_coalitions", "explain_segments"}),
        ("coalitions/operators/replace.py", set()),
    ],
)
def test_an_edit_runs_again_what_depends_on_it(
    scored: Workflow, edited: str, expected: set[str]
) -> None:
    path = scored.folder / "scripts/keepfaith" / edited
    before = path.read_text(encoding="utf-8")
    path.write_text(before + "\n", encoding="utf-8")
    result = scored.run("--configfile", "coalitions.yaml", "--dry-run", "--quiet", "progress")
    path.write_text(before, encoding="utf-8")
    lines = (line.split() for line in result.stdout.splitlines())
    rules = {words[1].rstrip(":") for words in lines if words[:1] in (["rule"], ["localrule"])}
    assert expected <= rules
    assert bool(rules) == bool(expected)
    assert not rules & {"predict", "attribute", "measure_faithfulness"}


def test_a_margin_without_coalitions_is_refused(new_workflow: Callable[[str], Workflow]) -> None:
    workflow = new_workflow("margin")
    study = STUDY.replace("segments: 5, ", "segments: 0, protocol: study, ").replace(
        "{repetitions: 200}", "{repetitions: 200, margins: {faithfulness: 0.1}}"
    )
    (workflow.folder / "coalitions.yaml").write_text(study)
    result = workflow.run("--configfile", "coalitions.yaml", "--dry-run")
    assert result.returncode != 0
    (line,) = [line for line in result.stdout.splitlines() if line.startswith("keepfaith: ")]
    assert "statistics.margins.faithfulness: needs segments; type faithfulness" in line
