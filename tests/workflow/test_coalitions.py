"""A study of levels with gaps between them that scores coalitions.

Only these levels are run, and each says what it says beside all others; tables, verdict and report hold faithfulness
that flatness cannot change.
"""

import re
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from workflow_copy import Workflow, copy_workflow

from keepfaith.artifacts.schemas import ALL
from keepfaith.artifacts.tables import read_table

PATH = Path("results/builtin/cosine")
CELL = PATH / "sentiment"
LEVELS = [0, 1, 3]
STUDY = """
name: coalitions
models: [builtin]
orders: [cosine]
text: builtin
tasks: [sentiment]
methods: [input_x_gradient, random]
levels: [0, 1, 3]
examples: {evaluation: 60, explanation: 12, tuning: 0}
faithfulness: {segments: 5, protocol: study, operators: [retokenise], fractions: [0.3]}
statistics: {repetitions: 200}
calibration: {null_repetitions: 200}
efficiency: {contexts: [16], new_tokens: 2, repeats: 1}
scoring: {device: cpu}
report: {figure_formats: []}
"""


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Workflow:
    """The study, after its predictions at all levels up to 3, which lie beside it."""
    workflow = copy_workflow(tmp_path_factory.mktemp("coalitions") / "study")
    (workflow.folder / "coalitions.yaml").write_text(STUDY)
    predictions = CELL / "predictions.parquet"
    for words in ((str(predictions), "--config", "levels={maximum: 3}"), ()):
        result = workflow.run(*words[:1], "--configfile", "coalitions.yaml", *words[1:])
        assert result.returncode == 0, result.stdout[-5000:]
        if words:
            (workflow.folder / predictions).rename(workflow.folder / "every.parquet")
    return workflow


def table(workflow: Workflow, path: Path) -> pl.DataFrame:
    return read_table(workflow.folder / path, ALL[path.stem])


def test_every_coalition_is_scored_and_the_last_is_the_prediction(scored: Workflow) -> None:
    coalitions = read_table(scored.folder / CELL / "coalitions.parquet", ALL["coalitions"])
    assert coalitions["example_id"].n_unique() == 12
    assert set(coalitions["log_likelihoods"].list.len()) <= {2**n for n in range(1, 6)}
    predictions = read_table(scored.folder / CELL / "predictions.parquet", ALL["predictions"])
    both = coalitions.join(predictions, on=["level", "example_id", "option"])
    assert both.height == coalitions.height == 12 * 2 * 3
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
    assert limits.height == 12 * 3
    assert (limits["worst"] <= limits["chance"] + 1e-9).all()
    assert (limits["chance"] <= limits["best"] + 1e-9).all()
    own = explanations.filter(method="shapley").join(limits, on=["level", "example_id"])
    assert (own["removal_area"] <= own["best"] + 1e-9).all()
    assert set(curves["method"]) == {*explanations["method"].unique(), "chance", "best"}
    assert swap.filter(method="input_x_gradient").height == 12 * 3 * 3
    metrics = read_table(scored.folder / CELL / "metrics.parquet", ALL["metrics"])
    by_level = limits.filter(~pl.col("flipped")).group_by("level").len()
    unflipped = dict(by_level.iter_rows())
    explained = metrics.filter(metric="drift_overlap", method="shapley")
    assert dict(explained.select("level", "examples").iter_rows()) == unflipped
    (flipped,) = metrics.filter(family="coalitions", metric="flipped", level=3)["value"]
    assert flipped == pytest.approx(1 - unflipped[3] / 12)
    for metric in ("explanation_effect", "judge_effect"):
        effect = metrics.filter(metric=metric, method="shapley")
        assert effect["level"].to_list() == [1, 3]
        assert all(n <= unflipped[level] for level, n in effect.select("level", "examples").rows())
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
    study = STUDY.replace("segments: 5, ", "segments: 0, ").replace(
        "{repetitions: 200}", "{repetitions: 200, margins: {faithfulness: 0.1}}"
    )
    (workflow.folder / "coalitions.yaml").write_text(study)
    result = workflow.run("--configfile", "coalitions.yaml", "--dry-run")
    assert result.returncode != 0
    (line,) = [line for line in result.stdout.splitlines() if line.startswith("keepfaith: ")]
    assert "statistics.margins.faithfulness: needs segments; type faithfulness" in line


def test_every_table_holds_these_levels_and_no_other(scored: Workflow) -> None:
    attributions = scored.folder / CELL / "attributions/input_x_gradient-seed0.parquet"
    faithfulness = scored.folder / CELL / "faithfulness/input_x_gradient.parquet"
    found = {
        "attributions": read_table(attributions, ALL["attributions"]),
        "faithfulness": read_table(faithfulness, ALL["faithfulness"]),
        "efficiency": table(scored, PATH / "efficiency.parquet"),
    } | {
        name: table(scored, CELL / f"{name}.parquet")
        for name in ("predictions", "metrics", "reliability", "curves")
    }
    for name, rows in found.items():
        assert rows["level"].unique().sort().to_list() == LEVELS, name
    verdict = table(scored, CELL / "verdict.parquet")
    assert verdict["level"].unique().sort().to_list() == LEVELS[1:]
    overlap = table(scored, CELL / "overlap.parquet")
    assert set(overlap.select("level_a", "level_b").unique().rows()) == {
        (a, b) for a in LEVELS for b in LEVELS
    }


def test_a_level_is_the_same_with_and_without_those_around_it(scored: Workflow) -> None:
    few = table(scored, CELL / "predictions.parquet")
    every = read_table(scored.folder / "every.parquet", ALL["predictions"])
    assert every["level"].n_unique() == 4
    same = every.filter(pl.col("level").is_in(LEVELS))
    assert few.drop("log_likelihood").equals(same.drop("log_likelihood"))
    assert few["log_likelihood"].to_numpy() == pytest.approx(
        same["log_likelihood"].to_numpy(), abs=1e-9
    )


def test_the_report_says_what_goes_at_each_step(scored: Workflow) -> None:
    page = (scored.folder / "results/report/index.html").read_text(encoding="utf-8")
    order = table(scored, PATH / "order.parquet").sort("position")["layer"].to_list()
    found = re.findall(r'<th scope="row">([^<]+)</th><td>([^<]+)</td>', page)
    rows = dict(reversed(found))  # of the first table with levels, that of the model
    assert rows["0 (dense)"] == "none"
    assert rows["1"] == f"attention {order[0]}"
    since_level_1 = f"attention {order[1]}, attention {order[2]}"
    assert rows["3"] == since_level_1
    assert "2" not in rows
    assert "0, 1, 3 of 8 layers" in page
    assert f"attention {order[2]} (level 3)" in page  # the caption of the layers


def test_what_is_exported_must_have_been_run(scored: Workflow) -> None:
    result = scored.run(
        "export", "--configfile", "coalitions.yaml", "--dry-run", "--config", "export={levels: [2]}",
    )  # fmt: skip
    assert result.returncode != 0
    assert "export.levels: 2 is not run for builtin, whose levels are 0, 1, 3" in result.stdout


@pytest.mark.parametrize(
    ("files", "typed", "levels"),
    [
        ((), "levels={shares: [.25, .5]}", "0, 2, 4"),  # over a maximum
        (("list.yaml", "shares.yaml"), None, "0, 6"),
        (("shares.yaml",), "levels={maximum: 1}", "0, 1"),
    ],
)
def test_levels_that_are_laid_over_others_replace_them(
    scored: Workflow, files: tuple[str, ...], typed: str | None, levels: str
) -> None:
    for name, text in {"list": "[3]", "shares": "{shares: [0.75]}"}.items():
        (scored.folder / f"{name}.yaml").write_text(f"levels: {text}\n", encoding="utf-8")
    over = ("--config", typed) if typed else ()
    result = scored.run("plan", "--configfile", "mini.yaml", *files, *over)
    assert f"Levels: {levels} of builtin" in result.stdout, result.stdout[-2000:]
