"""A study on a cluster: the same tables, GPUs where they are asked for, and no harm from a node that is lost."""

import shutil
from pathlib import Path

import polars as pl
import pytest
from cluster import Cluster, wait_for
from cluster_run import ClusterRun, concurrent, held_gpus
from polars.testing import assert_frame_equal
from workflow_copy import Workflow

pytestmark = pytest.mark.slurm

TIMED = {"efficiency"}
"""Tables that hold measured times."""
GPU_RULES = {
    "verify_removal",
    "rank_layers",
    "measure_stability",
    "measure_efficiency",
    "predict",
    "attribute",
    "measure_faithfulness",
}


def tables(folder: Path) -> dict[str, pl.DataFrame]:
    """All tables of a study, by their path."""
    results = folder / "results"
    return {
        str(path.relative_to(results)): pl.read_parquet(path)
        for path in sorted(results.rglob("*.parquet"))
        if path.stem not in TIMED
    }


def assert_same_tables(found: Path, expected: Path) -> None:
    ours, theirs = tables(found), tables(expected)
    assert ours.keys() == theirs.keys()
    for name, table in ours.items():
        assert_frame_equal(table, theirs[name], check_exact=True, obj=name)


def rule_of(job: dict[str, str]) -> str:
    """The rule of a SLURM job, or the group."""
    return job["Comment"].removeprefix("rule_").split("_wildcards_")[0]


def test_a_study_through_slurm_makes_the_tables_of_a_local_run(
    through_slurm: Workflow, finished: Workflow
) -> None:
    assert_same_tables(through_slurm.folder, finished.folder)


def test_jobs_that_run_a_model_request_a_gpu_and_no_others_do(
    through_slurm: Workflow, cluster: Cluster
) -> None:
    jobs = cluster.jobs()
    print([(rule_of(job), job.get("TresPerJob"), job["Partition"]) for job in jobs])
    requests = {rule_of(job): job.get("TresPerJob") for job in jobs}
    assert {name for name, request in requests.items() if request == "gres:gpu:1"} == GPU_RULES
    assert {request for name, request in requests.items() if name not in GPU_RULES} == {None}
    for job in jobs:
        assert job["Partition"] == ("gpu" if rule_of(job) in GPU_RULES else "cpu")


def test_jobs_that_run_at_the_same_time_see_different_gpus(through_slurm: Workflow) -> None:
    pairs = concurrent(held_gpus(through_slurm.folder))
    assert pairs
    assert all(one.gpus != other.gpus for one, other in pairs)


def test_a_node_that_is_lost_in_mid_run_costs_no_result(
    through_slurm: Workflow, cluster: Cluster, tmp_path: Path
) -> None:
    folder = tmp_path / "study"
    shutil.copytree(through_slurm.folder, folder, symlinks=True)
    unit = folder / "results" / "builtin" / "cosine_builtin" / "sentiment"
    shutil.rmtree(unit / "attributions")
    shutil.rmtree(folder / "logs")
    before = {job["JobId"] for job in cluster.jobs()}
    run = ClusterRun(folder, cluster)

    wait_for("a job at work", lambda: held_gpus(folder))
    cluster.lose_node()
    assert run.running
    cluster.return_node()

    assert run.wait() == 0, run.output()[-6000:] + cluster.logs()
    jobs = [job for job in cluster.jobs() if job["JobId"] not in before]
    assert any(int(job["Restarts"]) > 0 for job in jobs if rule_of(job) == "attribute")
    assert_same_tables(folder, through_slurm.folder)
