"""Duration of jobs on a number of devices, one rule after the other."""

import heapq
from collections.abc import Sequence
from itertools import groupby

from keepfaith.planning.work import Job


def makespan(jobs: Sequence[Job], devices: int) -> float:
    """Upper bound of the seconds from the first job's start to the last one's end.

    A phase is the jobs of one rule: all of them may run in parallel, and it starts when the phase before it has ended.
    This is an upper bound: Snakemake starts a job as soon as its inputs exist, so that the jobs of several rules fill
    the devices together. Within a phase jobs start in the order of `jobs`, each as soon as the devices that it needs
    are free; a job that needs more than there are takes all of them.

    Args:
        jobs: rule by rule, in the order of the data flow.
        devices: GPUs, or cores where no job needs a GPU. Where some do, the others run beside them and need none.
    """
    on_gpu = any(job.gpus for job in jobs)
    return sum(
        _phase([(job.seconds, min(devices, job.gpus if on_gpu else 1)) for job in of_rule], devices)
        for _, of_rule in groupby(jobs, key=lambda job: job.rule)
    )


def _phase(jobs: Sequence[tuple[float, int]], devices: int) -> float:
    """Seconds that jobs take in parallel, each given as (seconds, devices that it needs)."""
    free, now, end = devices, 0.0, 0.0
    running: list[tuple[float, int]] = []
    for seconds, held in jobs:
        while held > free:
            now, released = heapq.heappop(running)
            free += released
        free -= held
        heapq.heappush(running, (now + seconds, held))
        end = max(end, now + seconds)
    return end
