"""How long jobs take on a number of devices, each begun as soon as what it needs is done and a device is free."""

import heapq
from collections import Counter, defaultdict
from collections.abc import Sequence

from keepfaith.planning.work import Job, Key


def makespan(jobs: Sequence[Job], devices: int) -> float:
    """Seconds from the first job's start to the last one's end.

    Jobs that may run are begun in the order of `jobs`. A job that holds more devices than there are takes all of them.

    Args:
        jobs: what they need must be among them.
        devices: GPUs, or cores for jobs that hold no GPU.
    """
    places: dict[tuple[str, Key], int] = {(job.rule, job.key): n for n, job in enumerate(jobs)}
    missing = Counter({number: len(job.needs) for number, job in enumerate(jobs)})
    waits_for: defaultdict[int, list[int]] = defaultdict(list)
    for number, job in enumerate(jobs):
        for need in job.needs:
            waits_for[places[need]].append(number)
    ready = [number for number, job in enumerate(jobs) if not job.needs]
    running: list[tuple[float, int]] = []
    free, now = devices, 0.0
    while ready or running:
        while ready and (held := _held(jobs[ready[0]], devices)) <= free:
            number = heapq.heappop(ready)
            free -= held
            heapq.heappush(running, (now + jobs[number].seconds, number))
        now, ended = heapq.heappop(running)
        free += _held(jobs[ended], devices)
        for number in waits_for[ended]:
            missing[number] -= 1
            if not missing[number]:
                heapq.heappush(ready, number)
    return now


def _held(job: Job, devices: int) -> int:
    return min(devices, max(1, job.gpus))
