"""The study as a user starts it on a cluster, and what its jobs say of themselves."""

import re
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations
from pathlib import Path

from cluster import Cluster

PROFILE = "profiles/slurm"
# A GPU is asked for; without one, torch takes the CPU. Shortly after a job ends, Snakemake should know.
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
    "4",
)


class ClusterRun:
    """One run of Snakemake that submits to the private SLURM."""

    def __init__(self, folder: Path, cluster: Cluster, *arguments: str) -> None:
        self.folder = folder
        self._log = folder / "snakemake-output.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "snakemake", *ARGUMENTS, *arguments],
                cwd=folder,
                env=cluster.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def wait(self, timeout: float = 400) -> int:
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


@dataclass(frozen=True)
class Held:
    """What a job's log says: which GPUs it held, from when to when."""

    gpus: str
    start: datetime
    end: datetime


def held_gpus(folder: Path) -> list[Held]:
    """Every log of the run whose job held GPUs."""
    found = []
    for path in sorted((folder / "logs").rglob("*.log")):
        text = path.read_text(encoding="utf-8")
        times = [
            datetime.fromisoformat(moment.replace(",", "."))
            for moment in re.findall(r"^(\S+ \d\d:\d\d:\d\d,\d+) ", text, flags=re.MULTILINE)
        ]
        if held := re.search(r"GPUs of this job: (.+)", text):
            found.append(Held(held[1], times[0], times[-1]))
    return found


def concurrent(jobs: list[Held]) -> list[tuple[Held, Held]]:
    """Pairs of jobs that ran at the same time."""
    return [
        (one, other)
        for one, other in combinations(jobs, 2)
        if one.start < other.end and other.start < one.end
    ]
