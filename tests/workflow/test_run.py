"""The whole workflow through its command line, on the smallest study that gives every rule work."""

import html
import json
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from workflow_copy import REPOSITORY, Workflow, environment

from keepfaith.artifacts.schemas import ALL
from keepfaith.artifacts.tables import read_provenance, read_table
from keepfaith.config.probabilities import judged_probabilities
from keepfaith.plugins.cell_figure import CELL_FIGURES
from keepfaith.plugins.study_figure import STUDY_FIGURES

CELL = Path("results/builtin/cosine/sentiment")


@pytest.fixture
def editable(finished: Workflow, tmp_path: Path) -> Workflow:
    """A copy of the finished study, which a test may change."""
    return Workflow(Path(shutil.copytree(finished.folder, tmp_path / "study")))


BY_SEGMENTS = ("coalitions", "explanations", "limits", "segment_curves", "swap")


def test_every_table_follows_its_schema_and_says_what_made_it(finished: Workflow) -> None:
    folder = finished.folder / CELL
    for name in (
        "predictions",
        "metrics",
        "reliability",
        "curves",
        "overlap",
        "verdict",
        "misalignment",
        "fluctuation",
        *BY_SEGMENTS,
    ):
        path = folder / f"{name}.parquet"
        assert read_table(path, ALL[name]).height > 0, name
        assert read_provenance(path).packages["torch"]


def test_the_model_was_verified_and_its_levels_measured(finished: Workflow) -> None:
    checks = json.loads((finished.folder / "results/models/builtin/removal.json").read_text())
    assert all(check["generation"] and check["oracle"] < 1e-4 for check in checks["checks"])
    path = finished.folder / CELL.parent / "efficiency.parquet"
    table = read_table(path, ALL["efficiency"])
    assert table["level"].unique().sort().to_list() == [0, 1, 2]
    cache = table.group_by("level").agg(pl.col("cache_bytes_per_token").first()).sort("level")
    assert cache["cache_bytes_per_token"].is_sorted(descending=True)


def test_all_levels_and_examples_are_there(finished: Workflow) -> None:
    predictions = read_table(finished.folder / CELL / "predictions.parquet", ALL["predictions"])
    counts = predictions.group_by("level").len().sort("level")
    assert counts["level"].to_list() == [0, 1, 2]
    assert counts["len"].n_unique() == 1


def test_the_summary_is_there_for_both_machines_and_spreadsheets(finished: Workflow) -> None:
    summary = finished.folder / "results/summary"
    for name in ("metrics", "verdict"):
        table = pl.read_parquet(summary / f"{name}.parquet")
        assert table.columns[:3] == ["model", "order", "task"]
        assert pl.read_csv(summary / f"{name}.csv").height == table.height


def test_one_task_has_no_mean_over_tasks(finished: Workflow) -> None:
    assert pl.read_parquet(finished.folder / "results/summary/pooled.parquet").is_empty()
    assert not (finished.folder / "results/figures/study/pooled.svg").exists()
    page = (finished.folder / "results/report/index.html").read_text(encoding="utf-8")
    assert "In the mean over tasks" in page  # the word is explained
    assert "<caption>In the mean over tasks</caption>" not in page


def test_the_report_is_one_file(finished: Workflow) -> None:
    page = (finished.folder / "results/report/index.html").read_text(encoding="utf-8")
    assert "<svg" in page or "data:image/png" in page
    assert 'src="http' not in page


def test_a_paper_finds_its_methods_references_and_tables_beside_the_report(
    finished: Workflow,
) -> None:
    folder = finished.folder / "results/report"
    assert {path.name for path in folder.iterdir()} == {
        "index.html", "methods.md", "model_cards.md", "references.bib", "harms.tex", "limits.tex",
    }  # fmt: skip
    methods = (folder / "methods.md").read_text(encoding="utf-8")
    assert "0 to 2 of 8 layers" in methods
    keys = set(re.findall(r"^@\w+\{(\w+),$", (folder / "references.bib").read_text(), re.MULTILINE))
    assert set(re.findall(r"@(\w+)", methods)) <= keys
    assert (folder / "harms.tex").read_text().count(r"builtin & cosine & sentiment &") == 2
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert all(f'href="{name}"' in page for name in ("methods.md", "references.bib", "harms.tex"))


def test_the_tables_of_the_findings_are_those_of_the_study(finished: Workflow) -> None:
    script = REPOSITORY / "examples/findings.py"
    command = [sys.executable, str(script), str(finished.folder / "results")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    metrics = pl.read_parquet(finished.folder / CELL / "metrics.parquet")
    accuracy = metrics.filter(metric="accuracy", family="accuracy").sort("level")["value"]
    rows = [line.split(" | ") for line in done.stdout.splitlines() if line.startswith("| ")]
    assert rows[0][:3] == ["| level", "accuracy", "confidence"]
    assert [row[1] for row in rows[1:4]] == [f"{value:.3f}" for value in accuracy]
    assert "### Verdict: builtin, cosine, sentiment" in done.stdout


def test_snakemakes_own_report_says_of_every_figure_what_it_shows(
    finished: Workflow, tmp_path: Path
) -> None:
    result = finished.run("--configfile", "mini.yaml", "--report", str(tmp_path / "report.zip"))
    assert result.returncode == 0, result.stdout[-3000:]
    with zipfile.ZipFile(tmp_path / "report.zip") as opened:
        page = opened.read("report/report.html").decode()
    (results,) = re.findall(r"var results = (\{.*\})", page)
    captions = {
        Path(path).stem: html.unescape(re.sub("<[^>]*>", "", shown["caption"])).strip()
        for path, shown in json.loads(results).items()
        if path.endswith(".svg")
    }
    of_study = STUDY_FIGURES.all().items()
    # This study has one task: what is over tasks is not drawn.
    drawn = {name: figure for name, figure in of_study if figure.fewest_tasks == 1}
    figures = {**CELL_FIGURES.all(), **drawn}
    assert captions == {
        name: f"{figure.title}. {figure.explanation} {figure.detail}".strip()
        for name, figure in figures.items()
    }


def test_a_second_run_does_nothing(finished: Workflow) -> None:
    result = finished.run("--configfile", "mini.yaml")
    assert result.returncode == 0
    assert "Nothing to be done" in result.stdout


JUDGING = {
    "judge", "pool", "draw_figures", "summarise", "draw_summary_figures", "write_report", "all",
}  # fmt: skip
"""What follows a new table of metrics."""
COMPUTING = {"compute_metrics"} | JUDGING
REPORTING = {"write_report", "all"}
PACKAGE = Path("scripts/keepfaith")

EDITS = {
    "calibration/metrics/ece.py": COMPUTING,
    "calibration/metrics/a_new_one.py": COMPUTING,
    "calibration/__init__.py": COMPUTING,
    "statistics/quantities/brier.py": JUDGING,
    "faithfulness/operators/delete.py": {"measure_faithfulness"} | COMPUTING,
    "attribution/methods/kernelshap.py": {"attribute", "measure_faithfulness", "explain_segments"}
    | COMPUTING,
    "coalitions/operators/delete.py": {"score_coalitions", "explain_segments"} | COMPUTING,
    "coalitions/methods/banzhaf.py": {"explain_segments"} | COMPUTING,
    "attribution/methods/lime.py": set(),  # a method that this study does not run
    "orders/criteria/greedy.py": set(),  # nor this criterion
    "figures/style.py": {"draw_figures", "draw_summary_figures"} | REPORTING,
    "figures/cell/accuracy.py": {"draw_figures"} | REPORTING,
    "figures/study/price.py": {"draw_summary_figures"} | REPORTING,
    "report/templates/page.css": REPORTING,
    "efficiency/level.py": {"measure_efficiency", "summarise", "draw_summary_figures"} | REPORTING,
    "imports/log.py": set(),
}
"""A file of the package that is edited or added, and the rules that run again."""


def rules_to_run(workflow: Workflow, *arguments: str) -> set[str]:
    """The rules of which a dry run would run a job."""
    dry = ("--dry-run", "--quiet", "progress", *arguments)
    result = workflow.run("--configfile", "mini.yaml", *dry)
    assert result.returncode == 0, result.stdout[-3000:]
    found = (line.split() for line in result.stdout.splitlines())
    return {words[1].rstrip(":") for words in found if words[:1] in (["rule"], ["localrule"])}


@pytest.mark.parametrize("edited", EDITS)
def test_a_code_edit_runs_again_what_it_touches_and_nothing_else(
    editable: Workflow, edited: str
) -> None:
    path = editable.folder / PACKAGE / edited
    text = path.read_text(encoding="utf-8") if path.exists() else '"""New."""\n'
    path.write_text(text + "\n/* edited */\n" * path.suffix.count("css") + "\n", encoding="utf-8")
    assert rules_to_run(editable) == EDITS[edited]


@pytest.mark.parametrize(
    ("setting", "explains_again"),
    [("explains: log_probability", True), ("removed_token: study", True), ("tops: [5]", False)],
)
def test_only_settings_of_what_is_explained_explain_again(
    finished: Workflow, setting: str, explains_again: bool
) -> None:
    rules = rules_to_run(finished, "--config", f"faithfulness={{{setting}}}")
    assert "compute_metrics" in rules and "predict" not in rules
    assert ("measure_faithfulness" in rules) == explains_again
    assert ("attribute" in rules) == explains_again


def test_other_probabilities_are_judged_without_a_model(editable: Workflow) -> None:
    """A change of the setting computes the metrics and what follows, and every reader is told what was judged."""
    chosen = ("--config", "calibration={probabilities: byte}")
    assert rules_to_run(editable, *chosen) == COMPUTING
    before = read_table(editable.folder / CELL / "metrics.parquet", ALL["metrics"])
    result = editable.run("--configfile", "mini.yaml", *chosen)
    assert result.returncode == 0, result.stdout[-3000:]
    after = read_table(editable.folder / CELL / "metrics.parquet", ALL["metrics"])
    for judged, shown in (("accuracy", "accuracy_by_byte"), ("ece", "ece_by_byte")):
        own, other = (
            table.filter(metric=name).sort("level")["value"].to_list()
            for table, name in ((after, judged), (before, shown))
        )
        assert own == other
    assert after.filter(pl.col("metric").str.ends_with("_by_sum")).height == 9
    verdict = read_table(editable.folder / CELL / "verdict.parquet", ALL["verdict"])
    of_model = verdict.filter(pl.col("method").is_null())["probabilities"]
    assert set(of_model) == {"byte"} and verdict["probabilities"].null_count() > 0
    page = (editable.folder / "results/report/index.html").read_text(encoding="utf-8")
    (note,) = judged_probabilities("byte")
    assert page.count(note) == 2  # in the answer and in its cell


def test_token_scores_say_what_they_explain(finished: Workflow) -> None:
    table = finished.folder / CELL / "attributions/kernelshap-seed0.parquet"
    settings = read_provenance(table).settings
    assert (settings["explains"], settings["removed_token"]) == ("margin", "auto")
    log = finished.folder / "logs" / Path(CELL).relative_to("results")
    said = (log / "attribute/kernelshap-seed0.log").read_text(encoding="utf-8")
    assert said.count("token 0 ('<unk>') takes the place of removed tokens") == 1


NEW_METRIC = '''"""The mean probability of all options but the predicted one."""

from keepfaith.calibration.draws import Draws
from keepfaith.calibration.probabilities import Floats
from keepfaith.plugins.metric import mean_metric


def _per_example(draws: Draws) -> Floats:
    """One minus the confidence."""
    return 1 - draws.sample.confidence[None, :]


METRIC = mean_metric(_per_example, better="lower", citation="a test")
'''


def test_a_new_metric_is_one_file(editable: Workflow) -> None:
    (editable.folder / PACKAGE / "calibration/metrics/uncertainty.py").write_text(NEW_METRIC)
    table = "results/summary/metrics.csv"
    result = editable.run(table, "--configfile", "mini.yaml")
    assert result.returncode == 0, result.stdout[-3000:]
    metrics = read_table(editable.folder / CELL / "metrics.parquet", ALL["metrics"])
    found = {
        name: metrics.filter(metric=name).sort("level")["value"].to_list()
        for name in ("uncertainty", "mean_confidence")
    }
    assert found["uncertainty"] == pytest.approx([1 - x for x in found["mean_confidence"]])
    assert "uncertainty" in (editable.folder / table).read_text(encoding="utf-8")


def test_a_broken_plugin_is_one_line(editable: Workflow) -> None:
    (editable.folder / PACKAGE / "calibration/metrics/broken.py").write_text("def broken(:\n")
    result = editable.run("--configfile", "mini.yaml", "--dry-run")
    assert result.returncode != 0
    (line,) = [line for line in result.stdout.splitlines() if line.startswith("keepfaith: ")]
    assert "scripts/keepfaith/calibration/metrics/broken.py, line 1: no valid Python" in line
    assert "Traceback" not in result.stdout


def test_a_dry_run_never_imports_torch(new_workflow: Callable[[str], Workflow]) -> None:
    workflow = new_workflow("dry")
    trap = workflow.folder / "trap"
    trap.mkdir()
    for name in ("torch", "transformers", "datasets"):
        (trap / f"{name}.py").write_text(f"raise SystemExit('imported {name}')", encoding="utf-8")
    result = subprocess.run(
        workflow.command("--configfile", "mini.yaml", "--dry-run"),
        cwd=workflow.folder,
        text=True,
        capture_output=True,
        env={**environment(), "PYTHONPATH": str(trap)},
        timeout=180,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "imported" not in result.stderr


def test_the_report_links_the_tables_of_the_study(finished: Workflow) -> None:
    page = finished.folder / "results/report/index.html"
    links = re.findall(r'href="(\.\./summary/[^"]+)"', page.read_text(encoding="utf-8"))
    assert "../summary/metrics.csv" in links
    assert all((page.parent / link).is_file() for link in links)
