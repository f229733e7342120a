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
report: {figure_formats: []}
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


def test_limits_curves_and_the_swap_are_tables_and_metrics(scored: Workflow) -> None:
    explanations, limits, curves, swap = (
        read_table(scored.folder / CELL / f"{name}.parquet", ALL[name])
        for name in ("explanations", "limits", "segment_curves", "swap")
    )
    assert limits.height == 12 * 2
    assert (limits["worst"] <= limits["chance"] + 1e-9).all()
    assert (limits["chance"] <= limits["best"] + 1e-9).all()
    own = explanations.filter(method="shapley").join(limits, on=["level", "example_id"])
    assert (own["removal_area"] <= own["best"] + 1e-9).all()
    assert set(curves["method"]) == {*explanations["method"].unique(), "chance", "best"}
    assert swap.filter(method="input_x_gradient").height == 12 * 2 * 2
    metrics = read_table(scored.folder / CELL / "metrics.parquet", ALL["metrics"])
    by_level = limits.filter(~pl.col("flipped")).group_by("level").len()
    unflipped = dict(by_level.iter_rows())
    explained = metrics.filter(metric="drift_overlap", method="shapley")
    assert dict(explained.select("level", "examples").iter_rows()) == unflipped
    (flipped,) = metrics.filter(family="coalitions", metric="flipped", level=3)["value"]
    assert flipped == pytest.approx(1 - unflipped[3] / 12)
    for metric in ("explanation_effect", "judge_effect"):
        effect = metrics.filter(metric=metric, method="shapley")
        assert effect["level"].to_list() == [3] and effect["examples"][0] <= unflipped[3]
    # The control is the one method of this study with several seeds, and they agree by chance.
    seeds = metrics.filter(metric="seed_correlation")
    assert set(seeds["method"]) == {"random"}
    assert seeds["value"].abs().max() < 0.3


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
