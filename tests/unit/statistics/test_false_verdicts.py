"""False statuses in worlds with a known harm: at the margin nothing may be kept, just inside it nothing degraded.

Worlds are those of benchmarks/truth.py, whose page docs/validity.md has the rates of more quantities and sizes.
"""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from keepfaith.artifacts.schemas import METRICS
from keepfaith.statistics.comparison import Comparison, Numbers
from keepfaith.statistics.settings import Analysis
from keepfaith.statistics.verdict import verdict

MARGIN, WORLDS, NOMINAL = 0.05, 800, 0.025
ANALYSIS = Analysis(repetitions=2000, seed=3)
MOST = NOMINAL + 3 * np.sqrt(NOMINAL * (1 - NOMINAL) / WORLDS)
BENCHMARKS = Path(__file__).resolve().parents[3] / "benchmarks"


@pytest.fixture(autouse=True)
def benchmarks_on_path(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))


def harms(world: str, texts: int, harm: float, generator: np.random.Generator) -> np.ndarray:
    """[texts, WORLDS], harms of single texts, of at most 1 and of mean `harm`."""
    from setup import harms

    return harms.WORLDS[world].draw((texts, WORLDS), harm, generator)[..., 0]


def compared(changes: np.ndarray) -> list[Numbers]:
    """Of columns of changes, each against a dense level of 0."""
    texts, columns = changes.shape
    values = np.concatenate([np.zeros((texts, 1)), changes], axis=1)
    return Comparison(range(columns + 1), np.arange(texts), ANALYSIS).of_means(values)[1:]


def statuses(world: str, texts: int, harm: float) -> list[str]:
    """Of comprehensiveness: each world is a method, with one pruned level."""
    found = harms(world, texts, harm, np.random.default_rng(texts))
    # Few columns at once: every column has an interval for each of Holm's steps over all of them.
    numbers = [
        of_world
        for start in range(0, WORLDS, 40)
        for of_world in compared(-found[:, start : start + 40])
    ]
    rows = [
        {
            "level": 1,
            "metric": "comprehensiveness_study",
            "method": f"world{world_number}",
            "role": "method",
            "operator": "delete",
            "ranking": "method",
            "examples": texts,
            "clusters": texts,
            **of_world.row(),
            "holm_low": of_world.holm_low[:1],
            "holm_high": of_world.holm_high[:1],
        }
        for world_number, of_world in enumerate(numbers)
    ]
    metrics = pl.DataFrame(rows, schema=dict(METRICS.columns))
    return verdict(metrics, {"comprehensiveness": MARGIN})["status"].to_list()


@pytest.mark.slow
@pytest.mark.parametrize("world", ["normal", "skewed", "rare"])
@pytest.mark.parametrize("texts", [16, 50, 200])
def test_false_verdicts_are_as_rare_as_promised(world, texts):
    at_margin = statuses(world, texts, MARGIN)
    kept = np.mean([status == "kept" for status in at_margin])
    assert kept <= MOST
    if texts < 72:
        assert kept == 0
    inside = statuses(world, texts, 0.95 * MARGIN)
    assert np.mean([status == "degraded" for status in inside]) <= MOST


@pytest.mark.slow
@pytest.mark.parametrize("world", ["normal", "skewed"])
def test_true_verdicts_are_found(world):
    """200 texts: no harm is kept, twice the margin is degraded, four fifths of it harmed, in most samples."""
    assert np.mean([status == "kept" for status in statuses(world, 200, 0.0)]) > 0.9
    assert np.mean([status == "degraded" for status in statuses(world, 200, 2 * MARGIN)]) > 0.9
    assert np.mean([status == "harmed" for status in statuses(world, 200, 0.8 * MARGIN)]) > 0.5
