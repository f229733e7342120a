"""`snakemake compare`: two small studies side by side."""

import re
from pathlib import Path

from workflow_copy import Workflow, copy_workflow

from keepfaith.artifacts.schemas import COMPARISON, EXAMPLES
from keepfaith.artifacts.tables import read_table

CELL = Path("results/builtin/cosine/sentiment")


def test_two_studies_side_by_side(finished: Workflow, tmp_path: Path) -> None:
    """The mini study, and a smaller one of other examples and fewer levels."""
    second = copy_workflow(tmp_path / "second")
    smaller = (
        "levels=[0, 1]",
        "methods=[input_x_gradient]",
        "examples={evaluation: 24, explanation: 3, tuning: 4}",
    )
    ran = second.run(
        str(CELL / "verdict.parquet"), "--configfile", "mini.yaml", "--config", *smaller
    )
    assert ran.returncode == 0, ran.stdout[-4000:]
    chosen = f"compare={{first: {finished.folder}/results, second: results}}"
    command = ("compare", "--configfile", "mini.yaml", "--config", chosen)
    result = second.run(*command)
    assert result.returncode == 0, result.stdout[-4000:]

    table = read_table(second.folder / "results/comparison/comparison.parquet", COMPARISON)
    ids = [
        set(
            read_table(each.folder / "results/tasks/sentiment/examples.parquet", EXAMPLES).filter(
                "evaluation"
            )["example_id"]
        )
        for each in (finished, second)
    ]
    accuracy = table.filter(quantity="accuracy")
    common = ids[0] & ids[1]
    assert accuracy["level"].to_list() == [0, 1]
    assert set(accuracy["examples"]) == {len(common)} and common
    # The same model and prompts: predictions of the examples that both evaluate are the same.
    assert set(accuracy["basis"]) == {"identical"}
    assert accuracy["difference"].to_list() == [0.0, 0.0]

    page = (second.folder / "results/comparison/index.html").read_text(encoding="utf-8")
    assert f"{len(common)} evaluated examples are in both studies (of 60 and 24)" in page
    assert "default-src 'none'" in page
    assert not re.search(r"https?://(?!www\.w3\.org)", page)

    again = second.run(*command, "--dry-run")
    assert "Nothing to be done" in again.stdout


def test_refused_before_any_job(tmp_path: Path) -> None:
    workflow = copy_workflow(tmp_path / "refused")
    for words, message in (
        ((), "nothing to compare; type --config 'compare="),
        (("compare={frist: a, second: b}",), "did you mean 'first'?"),
        (("compare={first: a, second: b}",), "config: compare.first: there is no folder a"),
    ):
        config = ("--config", *words) if words else ()
        result = workflow.run("compare", "--configfile", "mini.yaml", *config)
        assert result.returncode != 0
        (line,) = [line for line in result.stdout.splitlines() if line.startswith("keepfaith: ")]
        assert message in line
