"""The study as a user starts it on a cluster, and what its jobs say of themselves."""

import re
import subprocess
import sys
from pathlib import Path

from cluster import Cluster
from workflow_copy import forking_python

ASKING_OFTEN = Path(__file__).with_name("asking_often.py")
PROFILE = "profiles/slurm"
# A GPU is asked for; without one, torch takes the CPU.
ARGUMENTS = (
    "--workflow-profile",
    PROFILE,
    "--configfile",
    "mini.yaml",
    "--config",
    "scoring={device: auto}",
    "--slurm-status-command",
    "squeue",
    "--slurm-init-seconds-before-status-checks",
    "1",
)


class ClusterRun:
    """One run of Snakemake that submits to the private SLURM; with `anew`, each Python of its jobs is started."""

    def __init__(self, folder: Path, cluster: Cluster, *arguments: str, anew: bool = False) -> None:
        self.folder = folder
        environment = dict(cluster.environment)
        if not anew:
            environment["PYTHON_OF_JOBS"] = forking_python(environment)
        self._log = folder / "snakemake-output.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, str(ASKING_OFTEN), *ARGUMENTS, *arguments],
                cwd=folder,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def wait(self, timeout: float = 1500) -> int:
        """Exit status of the run; a run that takes too long is stopped."""
        try:
            return self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self._process.terminate()
            self._process.wait(60)
            return 124

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def output(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")


def rule_of(job: dict[str, str]) -> str:
    """The rule of a SLURM job, or its group."""
    return job["Comment"].removeprefix("rule_").split("_wildcards_")[0]


def gpus_seen(folder: Path) -> dict[str, str]:
    """What CUDA_VISIBLE_DEVICES was for each job of rule attribute, by the job's wildcards as SLURM has them."""
    seen = {}
    for log in sorted((folder / "logs").glob("*/*/*/attribute/*.log")):
        wildcards = [*log.relative_to(folder / "logs").parts[:3], *log.stem.rsplit("-seed", 1)]
        if found := re.search(r"GPUs of this job: (.+)", log.read_text(encoding="utf-8")):
            seen["_".join(wildcards)] = found[1]
    return seen


def at_the_same_time(one: dict[str, str], other: dict[str, str]) -> bool:
    """Whether two SLURM jobs overlapped."""
    return one["StartTime"] < other["EndTime"] and other["StartTime"] < one["EndTime"]
