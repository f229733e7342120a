"""Orders through the command line: which read text, which do not, and what their tables say of it."""

from collections.abc import Callable

from workflow_copy import Workflow

from keepfaith.artifacts.schemas import ORDER, STABILITY
from keepfaith.artifacts.tables import read_provenance, read_table

ORDERS = "orders=[cosine,last_k,random]"
STUDY = ("--configfile", "mini.yaml", "--config", ORDERS)


def test_orders_with_and_without_text(new_workflow: Callable[[str], Workflow]) -> None:
    workflow = new_workflow("orders")
    planned = workflow.run("--dry-run", *STUDY)
    assert planned.returncode == 0, planned.stdout[-3000:]
    counts = dict(line.split()[:2] for line in planned.stdout.splitlines() if line.count(" ") > 1)
    jobs = {"prepare_calibration_text": "1", "rank_layers": "3", "measure_stability": "2"}
    assert {rule: counts[rule] for rule in jobs} == jobs

    targets = ["cosine/order", "cosine/stability", "last_k/order", "random/stability"]
    paths = [f"results/builtin/{target}.parquet" for target in targets]
    done = workflow.run(*paths, *STUDY)
    assert done.returncode == 0, done.stdout[-3000:]
    texts = list(workflow.folder.glob("results/calibration_text/*.parquet"))
    assert [path.stem for path in texts] == ["cosine"]

    ranked, stable, deepest, drawn = (workflow.folder / path for path in paths)
    assert read_table(deepest, ORDER)["layer"].to_list() == [7, 6, 5, 4, 3, 2, 1, 0]
    assert read_provenance(deepest).settings["text"] is None
    draws = read_table(drawn, STABILITY)
    assert draws["samples"].unique().to_list() == [0] and draws["seed"].n_unique() == 3

    # The draws read 4 samples; how many the order itself reads is said beside it, and not overwritten.
    made = read_provenance(stable).settings
    assert made["text"] == read_provenance(ranked).settings["text"]
    assert made["text"] == {
        "source": {"kind": "builtin", "rows_per_sample": 1},
        "samples": 64,
        "sample_tokens": 256,
        "seed": 0,
    }
    assert made["stability"] == {"seeds": 3, "samples": [4]}
    assert read_table(stable, STABILITY)["samples"].unique().to_list() == [4]


def test_a_study_whose_orders_no_seed_changes_measures_no_stability(
    new_workflow: Callable[[str], Workflow],
) -> None:
    workflow = new_workflow("settled")
    result = workflow.run("--dry-run", "--configfile", "mini.yaml", "--config", "orders=[last_k]")
    assert result.returncode == 0, result.stdout[-3000:]
    assert "rank_layers" in result.stdout
    for absent in ("measure_stability", "stability.parquet", "prepare_calibration_text"):
        assert absent not in result.stdout
