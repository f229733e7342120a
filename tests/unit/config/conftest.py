"""What users would see of all inputs that these tests spoil, as one table."""

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def refused() -> Iterator[dict[str, str]]:
    """By input, the line that refuses it; written to results/tests/refused_inputs.csv."""
    lines: dict[str, str] = {}
    yield lines
    folder = Path(__file__).resolve().parents[3] / "results" / "tests"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "refused_inputs.csv").open("w", newline="", encoding="utf-8") as handle:
        csv.writer(handle).writerows([("input", "line"), *sorted(lines.items())])
