"""A study on a cluster: the same tables, also when a node is lost, and GPUs for the jobs that ask for one."""

from itertools import combinations
from pathlib import Path

import polars as pl
import pytest
from cluster import Cluster
from cluster_run import ClusterRun, at_the_same_time, gpus_seen, rule_of
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
    "score_coalitions",
}


def tables(folder: Path) -> dict[str, pl.DataFrame]:
    """All tables of a study, by their path."""
    results = folder / "results"
    return {
        str(path.relative_to(results)): pl.read_parquet(path)
        for path in sorted(results.rglob("*.parquet"))
        if path.stem not in TIMED
    }


def test_a_study_makes_the_tables_of_a_local_run(
    through_slurm: Workflow, finished: Workflow
) -> None:
    found, expected = tables(through_slurm.folder), tables(finished.folder)
    assert found.keys() == expected.keys()
    for name, table in found.items():
        assert table.equals(expected[name]), name


def test_jobs_of_the_lost_node_were_started_again(
    through_slurm: Workflow, cluster: Cluster
) -> None:
    restarted = [job for job in cluster.jobs() if int(job["Restarts"])]
    assert "attribute" in {rule_of(job) for job in restarted}
    assert {job["JobState"] for job in restarted} == {"COMPLETED"}


def test_jobs_that_run_a_model_request_a_gpu_and_no_others_do(
    through_slurm: Workflow, cluster: Cluster
) -> None:
    jobs = cluster.jobs()
    asked = {rule_of(job) for job in jobs if job.get("TresPerJob") == "gres:gpu:1"}
    others = [job for job in jobs if rule_of(job) not in GPU_RULES]
    assert asked == GPU_RULES
    assert others
    assert not any("gpu" in value for job in others for value in job.values())
    assert {job["Partition"] for job in others} == {"cpu"}
    assert {job["Partition"] for job in jobs if rule_of(job) in GPU_RULES} == {"gpu"}


def test_jobs_that_run_at_the_same_time_see_different_gpus(
    through_slurm: Workflow, cluster: Cluster
) -> None:
    seen = gpus_seen(through_slurm.folder)
    jobs = {
        job["Comment"].split("_wildcards_")[1]: job
        for job in cluster.jobs()
        if rule_of(job) == "attribute"
    }
    assert seen.keys() == jobs.keys()
    pairs = [
        (one, other)
        for one, other in combinations(jobs, 2)
        if at_the_same_time(jobs[one], jobs[other])
    ]
    assert pairs
    assert all({seen[one], seen[other]} == {"0", "1"} for one, other in pairs)


def test_a_job_whose_pythons_are_started_as_in_use_makes_the_same(
    through_slurm: Workflow, cluster: Cluster
) -> None:
    """Snakemake of the job, Snakemake of its step, and the script; those of the other jobs are forked."""
    target = "results/builtin/cosine/sentiment/attributions/kernelshap-seed1.parquet"
    path = through_slurm.folder / target
    expected = path.read_bytes()
    path.unlink()
    before = {job["JobId"] for job in cluster.jobs()}
    run = ClusterRun(through_slurm.folder, cluster, "--", target, anew=True)
    assert run.wait() == 0, run.output()[-6000:] + cluster.logs()
    assert path.read_bytes() == expected
    (job,) = (job for job in cluster.jobs() if job["JobId"] not in before)
    assert rule_of(job) == "attribute"
