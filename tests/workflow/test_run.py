"""The whole workflow through its command line, on the smallest study that gives every rule work."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from workflow_copy import Workflow, environment

from keepfaith.artifacts.schemas import ALL
from keepfaith.artifacts.tables import read_provenance, read_table

UNIT = Path("results/builtin/cosine_builtin/sentiment")


@pytest.fixture
def editable(finished: Workflow, tmp_path: Path) -> Workflow:
    """A copy of the finished study, with time stamps kept, that a test may change."""
    return Workflow(Path(shutil.copytree(finished.folder, tmp_path / "study")))


def test_every_table_follows_its_schema_and_says_what_made_it(finished: Workflow) -> None:
    folder = finished.folder / UNIT
    for name in ("predictions", "metrics", "reliability", "curves", "overlap", "verdict"):
        path = folder / f"{name}.parquet"
        assert read_table(path, ALL[name]).height > 0, name
        assert read_provenance(path).packages["torch"]


def test_the_model_was_verified_and_its_levels_measured(finished: Workflow) -> None:
    checks = json.loads((finished.folder / "results/models/builtin/removal.json").read_text())
    assert all(check["generation"] and check["oracle"] < 1e-4 for check in checks["checks"])
    path = finished.folder / UNIT.parent / "efficiency.parquet"
    table = read_table(path, ALL["efficiency"])
    assert table["level"].unique().sort().to_list() == [0, 1, 2]
    cache = table.group_by("level").agg(pl.col("cache_bytes_per_token").first()).sort("level")
    assert cache["cache_bytes_per_token"].is_sorted(descending=True)


def test_all_levels_and_examples_are_there(finished: Workflow) -> None:
    predictions = read_table(finished.folder / UNIT / "predictions.parquet", ALL["predictions"])
    counts = predictions.group_by("level").len().sort("level")
    assert counts["level"].to_list() == [0, 1, 2]
    assert counts["len"].n_unique() == 1


def test_the_summary_is_there_for_both_machines_and_spreadsheets(finished: Workflow) -> None:
    summary = finished.folder / "results/summary"
    for name in ("metrics", "verdict"):
        table = pl.read_parquet(summary / f"{name}.parquet")
        assert table.columns[:3] == ["model", "order", "task"]
        assert pl.read_csv(summary / f"{name}.csv").height == table.height


def test_the_report_is_one_file(finished: Workflow) -> None:
    page = (finished.folder / "results/report/index.html").read_text(encoding="utf-8")
    assert "<svg" in page or "data:image/png" in page
    assert 'src="http' not in page


def test_a_second_run_does_nothing(finished: Workflow) -> None:
    result = finished.run("--configfile", "mini.yaml")
    assert result.returncode == 0
    assert "Nothing to be done" in result.stdout


@pytest.mark.parametrize(
    ("edited", "touched", "untouched"),
    [
        (
            "keepfaith/figures/style.py",
            ["draw_figures"],
            ["predict", "attribute", "compute_metrics"],
        ),
        ("keepfaith/attribution/methods/kernelshap.py", ["attribute"], ["predict", "rank_layers"]),
        ("keepfaith/calibration/__init__.py", ["compute_metrics"], ["predict", "attribute"]),
    ],
)
def test_a_code_edit_runs_again_what_it_touches_and_nothing_else(
    editable: Workflow, edited: str, touched: list[str], untouched: list[str]
) -> None:
    path = editable.folder / "scripts" / edited
    path.write_text(path.read_text(encoding="utf-8") + "\n# edited\n", encoding="utf-8")
    result = editable.run("--configfile", "mini.yaml", "--dry-run", "--quiet", "progress")
    lines = [
        line for line in result.stdout.splitlines() if line.startswith(("rule ", "localrule "))
    ]
    rules = {line.split()[1].rstrip(":") for line in lines}
    assert set(touched) <= rules, result.stdout[-3000:]
    assert not set(untouched) & rules


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
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "imported" not in result.stderr
