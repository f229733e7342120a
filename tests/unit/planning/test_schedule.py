"""Schedules worked out by hand, and the bounds that any schedule keeps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepfaith.planning.schedule import makespan
from keepfaith.planning.work import Job


def job(name: str, seconds: float, rule: str = "predict", gpus: int = 1) -> Job:
    return Job(rule, (name,), gpus, seconds, 0.0, 0.0)


@pytest.mark.parametrize(
    ("jobs", "devices", "expected"),
    [
        ([job("a", 3), job("b", 2), job("c", 1)], 1, 6.0),
        ([job("a", 3), job("b", 2), job("c", 1)], 2, 3.0),
        ([job("a", 3, "rank"), job("b", 2), job("c", 4)], 2, 7.0),
        # Everything of a phase waits for all of the one before it.
        ([job("a", 3, "rank"), job("b", 1, "rank"), job("a", 5), job("b", 2)], 2, 8.0),
        ([job("a", 3, "rank"), job("b", 1, "rank"), job("a", 5), job("b", 2)], 1, 11.0),
        ([job("a", 3), job("b", 2, gpus=2), job("c", 1)], 2, 6.0),
        ([job("a", 3, gpus=4)], 2, 3.0),
        ([job("a", 3, gpus=0), job("b", 2, gpus=0)], 1, 5.0),
        # Beside jobs that hold a GPU, the others hold none, but the phase lasts as long as they do.
        ([job("a", 3), job("b", 2, gpus=0), job("c", 4, gpus=0)], 1, 4.0),
        ([job("a", 1, "rank", gpus=0), job("b", 3)], 1, 4.0),
        ([], 3, 0.0),
    ],
)
def test_by_hand(jobs: list[Job], devices: int, expected: float) -> None:
    assert makespan(jobs, devices) == expected


@given(st.lists(st.floats(0.1, 10), min_size=1, max_size=30), st.integers(1, 8))
def test_between_the_ideal_and_twice_it(seconds: list[float], devices: int) -> None:
    jobs = [job(str(number), value) for number, value in enumerate(seconds)]
    ideal = max(max(seconds), sum(seconds) / devices)
    # Graham's bound for list scheduling.
    assert ideal - 1e-9 <= makespan(jobs, devices) <= 2 * ideal + 1e-9
