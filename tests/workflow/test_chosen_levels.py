"""Levels with gaps between them: only these are run, and each says what it says beside all others."""

import re
from pathlib import Path

import polars as pl
import pytest
from workflow_copy import Workflow, copy_workflow

from keepfaith.artifacts.schemas import ALL
from keepfaith.artifacts.tables import read_table

PATH = Path("results/builtin/cosine")
CELL = PATH / "sentiment"
LEVELS = [0, 2, 4]
SMALL = {
    "[kernelshap, input_x_gradient]": "[input_x_gradient]",
    "stability: {seeds: 3, samples: [4]}\n": "",
    "evaluation: 60": "evaluation: 24",
}


@pytest.fixture(scope="module")
def workflow(tmp_path_factory: pytest.TempPathFactory) -> Workflow:
    """The mini study with levels 0, 2 and 4, after its predictions at all levels up to 4."""
    copy = copy_workflow(tmp_path_factory.mktemp("levels") / "study")
    study = copy.folder / "mini.yaml"
    text = study.read_text(encoding="utf-8")
    for old, new in SMALL.items():
        assert old in text
        text = text.replace(old, new)
    study.write_text(text, encoding="utf-8")
    predictions = copy.folder / CELL / "predictions.parquet"
    for levels, targets in (("{maximum: 4}", [str(CELL / "predictions.parquet")]), ("[0,2,4]", [])):
        arguments = (*targets, "--configfile", "mini.yaml", "--config", f"levels={levels}")
        result = copy.run(*arguments)
        assert result.returncode == 0, result.stdout[-4000:]
        if targets:
            predictions.rename(copy.folder / "every.parquet")
    return copy


def table(workflow: Workflow, path: Path) -> pl.DataFrame:
    return read_table(workflow.folder / path, ALL[path.stem])


def test_every_table_holds_these_levels_and_no_other(workflow: Workflow) -> None:
    attributions = workflow.folder / CELL / "attributions/input_x_gradient-seed0.parquet"
    faithfulness = workflow.folder / CELL / "faithfulness/input_x_gradient.parquet"
    found = {
        "attributions": read_table(attributions, ALL["attributions"]),
        "faithfulness": read_table(faithfulness, ALL["faithfulness"]),
        "efficiency": table(workflow, PATH / "efficiency.parquet"),
    } | {
        name: table(workflow, CELL / f"{name}.parquet")
        for name in ("predictions", "metrics", "reliability", "curves")
    }
    for name, rows in found.items():
        assert rows["level"].unique().sort().to_list() == LEVELS, name
    verdict = table(workflow, CELL / "verdict.parquet")
    assert verdict["level"].unique().sort().to_list() == LEVELS[1:]
    overlap = table(workflow, CELL / "overlap.parquet")
    assert set(overlap.select("level_a", "level_b").unique().rows()) == {
        (a, b) for a in LEVELS for b in LEVELS
    }


def test_a_level_is_the_same_with_and_without_those_around_it(workflow: Workflow) -> None:
    few = table(workflow, CELL / "predictions.parquet")
    every = read_table(workflow.folder / "every.parquet", ALL["predictions"])
    assert every["level"].n_unique() == 5
    same = every.filter(pl.col("level").is_in(LEVELS))
    assert few.drop("log_likelihood").equals(same.drop("log_likelihood"))
    assert few["log_likelihood"].to_numpy() == pytest.approx(
        same["log_likelihood"].to_numpy(), abs=1e-9
    )


def test_the_report_says_what_goes_at_each_step(workflow: Workflow) -> None:
    page = (workflow.folder / "results/report/index.html").read_text(encoding="utf-8")
    order = table(workflow, PATH / "order.parquet").sort("position")["layer"].to_list()
    found = re.findall(r'<th scope="row">([^<]+)</th><td>([^<]+)</td>', page)
    rows = dict(reversed(found))  # of the first table with levels, that of the model
    assert rows["0 (dense)"] == "none"
    assert rows["2"] == f"attention {order[0]}, attention {order[1]}"
    assert rows["4"] == f"attention {order[2]}, attention {order[3]}"
    assert "1" not in rows and "3" not in rows
    assert "0, 2, 4 of 8 layers" in page
    assert f"attention {order[3]} (level 4)" in page  # the caption of the layers


def test_what_is_exported_must_have_been_run(workflow: Workflow) -> None:
    result = workflow.run(
        "export", "--configfile", "mini.yaml", "--dry-run",
        "--config", "levels=[0,2,4]", "export={levels: [3]}",
    )  # fmt: skip
    assert result.returncode != 0
    assert "export.levels: 3 is not run for builtin, whose levels are 0, 2, 4" in result.stdout


@pytest.mark.parametrize(
    ("files", "typed", "levels"),
    [
        ((), "levels={shares: [.25, .5]}", "0, 2, 4"),  # over a maximum
        (("list.yaml", "shares.yaml"), None, "0, 6"),
        (("shares.yaml",), "levels={maximum: 1}", "0, 1"),
    ],
)
def test_levels_that_are_laid_over_others_replace_them(
    workflow: Workflow, files: tuple[str, ...], typed: str | None, levels: str
) -> None:
    for name, text in {"list": "[3]", "shares": "{shares: [0.75]}"}.items():
        (workflow.folder / f"{name}.yaml").write_text(f"levels: {text}\n", encoding="utf-8")
    over = ("--config", typed) if typed else ()
    result = workflow.run("plan", "--configfile", "mini.yaml", *files, *over)
    assert f"Levels: {levels} of builtin" in result.stdout, result.stdout[-2000:]
