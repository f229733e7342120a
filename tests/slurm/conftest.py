"""The private SLURM, and the mini study as it comes out of it."""

import shutil
from collections.abc import Iterator

import pytest
from cluster import Cluster, running_cluster, wait_for, why_not
from cluster_run import ClusterRun, gpus_seen
from workflow_copy import Workflow, copy_workflow


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    if reason := why_not():
        pytest.skip(reason)
    if shutil.which("nvidia-smi"):
        pytest.skip("this machine has a GPU; the pretended ones would hand it to two jobs")
    with running_cluster(tmp_path_factory.mktemp("slurm")) as running:
        yield running


@pytest.fixture(scope="session")
def through_slurm(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Workflow:
    """The mini study, run to its end once through SLURM, whose only node is lost in the middle and comes back."""
    workflow = copy_workflow(tmp_path_factory.mktemp("through_slurm") / "study")
    run = ClusterRun(workflow.folder, cluster)
    wait_for("a job of rule attribute", lambda: gpus_seen(workflow.folder) or not run.running, 900)
    cluster.lose_node()
    cluster.return_node()
    assert run.wait() == 0, run.output()[-6000:] + cluster.logs()
    return workflow
