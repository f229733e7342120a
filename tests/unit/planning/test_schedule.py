"""Schedules worked out by hand, and the bounds that any schedule keeps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepfaith.planning.schedule import makespan
from keepfaith.planning.work import Job


def job(name: str, seconds: float, needs: str = "", gpus: int = 1) -> Job:
    return Job("predict", (name,), tuple(("predict", (n,)) for n in needs), gpus, seconds, 0.0, 0.0)


@pytest.mark.parametrize(
    ("jobs", "devices", "expected"),
    [
        ([job("a", 3), job("b", 2), job("c", 1)], 1, 6.0),
        ([job("a", 3), job("b", 2), job("c", 1)], 2, 3.0),
        ([job("a", 3), job("b", 2, "a"), job("c", 4, "a")], 2, 7.0),
        ([job("a", 3), job("b", 2, gpus=2), job("c", 1)], 2, 6.0),
        ([job("a", 3, gpus=4)], 2, 3.0),
        ([job("a", 3, gpus=0), job("b", 2, gpus=0)], 1, 5.0),
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
