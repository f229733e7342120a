"""Misaligned levels: p-values by hand, the floors of the verdict, and worlds in which the truth is known."""

from functools import cache

import numpy as np
import polars as pl
import pytest
from scipy import stats

from keepfaith.artifacts.schemas import METRICS, MISALIGNMENT, VERDICT
from keepfaith.statistics.comparison import Comparison
from keepfaith.statistics.confidence_curve import CURVE
from keepfaith.statistics.misalignment import (
    ACCURACY_DEGRADED,
    ACCURACY_KEPT,
    misaligned_levels,
    misalignment,
    plateau,
)
from keepfaith.statistics.multiple import holm
from keepfaith.statistics.proportions import tango
from keepfaith.statistics.settings import Analysis
from keepfaith.statistics.verdict import verdict

MARGINS = {"accuracy": 0.02, "ece": 0.02, "brier": 0.02, "faithfulness": 0.1}
ENDS = stats.norm.ppf((1 + np.array(CURVE)) / 2)
SIGNS = {"accuracy": -1, "segment_faithfulness": -1}


def row(level: int, metric: str, harm: float, error: float, **other: object) -> dict:
    """A METRICS row whose harm is normal with this standard error."""
    change = SIGNS.get(metric, 1) * harm
    ends = {"low": (change - error * ENDS).tolist(), "high": (change + error * ENDS).tolist()}
    at = CURVE.index(0.95)
    return {
        "level": level, "metric": metric, "value": 0.5, "change": change, "p_value": 0.001,
        "change_low": ends["low"][at], "change_high": ends["high"][at],
        "holm_low": ends["low"][at:], "holm_high": ends["high"][at:],
        "curve_low": ends["low"], "curve_high": ends["high"],
        "examples": 2000, "clusters": 2000, **other,
    }  # fmt: skip


def table(*rows: dict) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=dict(METRICS.columns))


def explained(level: int, harm: float, error: float, method: str = "lime", **other) -> dict:
    names = {"method": method, "role": "method"}
    return row(level, "segment_faithfulness", harm, error, **(names | other))


def test_p_values_are_the_larger_of_two_normal_tails_after_holm():
    found = misalignment(
        table(
            row(1, "accuracy", 0.00, 0.005), row(1, "ece", 0.05, 0.01),
            row(2, "accuracy", 0.01, 0.004), row(2, "ece", 0.06, 0.01),
        ),
        {"accuracy": 0.02, "ece": 0.02},
    )  # fmt: skip
    assert list(found.columns) == list(MISALIGNMENT.columns)
    kept = found.filter(direction=ACCURACY_KEPT)
    by_hand = [
        max(stats.norm.sf(0.02 / 0.005), stats.norm.cdf(-0.03 / 0.01)),
        max(stats.norm.sf(0.01 / 0.004), stats.norm.cdf(-0.04 / 0.01)),
    ]
    np.testing.assert_allclose(kept["p_value"], by_hand, rtol=1e-6)
    np.testing.assert_allclose(kept["p_adjusted"], holm(np.array(by_hand)), rtol=1e-6)
    assert kept["shown"].to_list() == [True, True]
    np.testing.assert_allclose(kept["accuracy_harm"], [0.0, 0.01])
    np.testing.assert_allclose(kept["harm"], [0.05, 0.06])
    other = found.filter(direction=ACCURACY_DEGRADED)
    by_hand = [
        max(stats.norm.cdf(0.02 / 0.005), stats.norm.sf(-0.03 / 0.01)),
        max(stats.norm.cdf(0.01 / 0.004), stats.norm.sf(-0.04 / 0.01)),
    ]
    np.testing.assert_allclose(other["p_value"], by_hand, rtol=1e-6)
    assert misaligned_levels(found) == (1, 2)
    assert misaligned_levels(found, ACCURACY_DEGRADED) == ()


def test_the_correction_is_over_levels_quantities_and_methods():
    rows = [row(1, "accuracy", 0.0, 0.004), row(2, "accuracy", 0.0, 0.004)]
    rows += [explained(level, 0.1, 0.05, method) for level in (1, 2) for method in ("lime", "shap")]
    rows += [row(1, "ece", 0.02, 0.01), row(2, "ece", 0.045, 0.01)]
    margins = {"accuracy": 0.02, "ece": 0.02, "faithfulness": 0.1}
    found = misalignment(table(*rows), margins).filter(direction=ACCURACY_KEPT)
    assert found.height == 6
    best = found.filter(pl.col("quantity") == "ece", pl.col("level") == 2)
    p_value = stats.norm.cdf(-2.5)
    assert best["p_value"].item() == pytest.approx(p_value, rel=1e-6)
    assert best["p_adjusted"].item() == pytest.approx(6 * p_value, rel=1e-6)
    assert not best["shown"].item()
    assert misalignment(table(rows[0], rows[1], rows[-1]), {"accuracy": 0.02, "ece": 0.02}).filter(
        "shown"
    ).select("level", "quantity", "direction").rows() == [(2, "ece", ACCURACY_KEPT)]


def test_the_mirrored_direction_needs_lost_accuracy_and_a_kept_quantity():
    rows = [row(1, "accuracy", 0.08, 0.01), row(1, "ece", 0.0, 0.005), explained(1, 0.3, 0.02)]
    found = misalignment(table(*rows), MARGINS)
    shown = found.filter("shown").select("level", "quantity", "direction").rows()
    assert shown == [(1, "ece", ACCURACY_DEGRADED)]
    assert misaligned_levels(found, ACCURACY_DEGRADED) == (1,)


def test_accuracy_within_the_margin_of_chance_is_never_kept():
    """Where the verdict refuses the word, no level is misaligned, however certain the harm of the other."""
    guess = {"reference_low": 0.55, "reference_high": 0.55}
    rows = [row(0, "accuracy", 0.0, 0.0, **guess) | {"value": 0.56, "curve_low": None},
            row(1, "accuracy", 0.0, 0.002), row(1, "ece", 0.3, 0.01)]  # fmt: skip
    found = misalignment(table(*rows), {"accuracy": 0.02, "ece": 0.02})
    (kept,) = found.filter(direction=ACCURACY_KEPT).rows(named=True)
    assert (kept["p_kept"], kept["p_adjusted"], kept["shown"]) == (1.0, 1.0, False)
    assert kept["reason"] == (
        "accuracy cannot be kept: its margin holds all that the dense model has above chance"
    )
    assert verdict(table(*rows), {"accuracy": 0.02})["status"].to_list() == ["undecided"]


@pytest.mark.parametrize(("texts", "shown"), [(367, False), (368, True)])
def test_a_quantity_with_too_few_texts_is_never_kept_but_may_be_degraded(texts, shown):
    rows = [row(1, "accuracy", 0.08, 0.01), row(1, "brier", 0.0, 0.002, clusters=texts),
            row(2, "accuracy", 0.0, 0.002), row(2, "brier", 0.1, 0.01, clusters=texts)]  # fmt: skip
    found = misalignment(table(*rows), {"accuracy": 0.02, "brier": 0.02})
    assert misaligned_levels(found, ACCURACY_DEGRADED) == ((1,) if shown else ())
    assert misaligned_levels(found) == (2,)
    reasons = found.filter(direction=ACCURACY_DEGRADED)["reason"].to_list()
    few = f"Brier score cannot be kept: {texts} independent texts, 368 are needed"
    assert reasons == ([None] * 2 if shown else [few] * 2)


def test_calibration_after_temperature_is_tested_with_the_margin_of_ece():
    rows = [row(1, "accuracy", 0.0, 0.004), row(1, "ece", 0.2, 0.01)]
    margins = {"accuracy": 0.02, "ece": 0.03}
    without = misalignment(table(*rows), margins)
    assert set(without["quantity"]) == {"ece"}
    found = misalignment(table(*rows, row(1, "ece_tempered", 0.01, 0.01)), margins)
    kept = found.filter(direction=ACCURACY_KEPT)
    assert dict(kept.select("quantity", "margin").rows()) == {"ece": 0.03, "ece_tempered": 0.03}
    assert dict(kept.select("quantity", "shown").rows()) == {"ece": True, "ece_tempered": False}
    assert misalignment(table(*rows), {"accuracy": 0.02}).is_empty()


def test_without_a_margin_of_accuracy_or_an_interval_nothing_is_shown():
    rows = [row(1, "accuracy", 0.0, 0.004), row(1, "ece", 0.2, 0.01)]
    assert misalignment(table(*rows), {"ece": 0.02}).is_empty()
    nothing = {"curve_low": None, "curve_high": None}
    found = misalignment(table(rows[0], rows[1] | nothing), {"accuracy": 0.02, "ece": 0.02})
    assert found["p_value"].null_count() == found.height == 2
    assert set(found["reason"]) == {"no interval at this level"}
    assert not found["shown"].any()
    assert misalignment(table(), MARGINS).is_empty()


def test_controls_and_imports_are_as_in_the_verdict():
    rows = [row(1, "accuracy", 0.0, 0.004), row(1, "ece", 0.0, 0.01),
            explained(1, 0.5, 0.02), explained(1, 0.5, 0.02, "random", role="control")]  # fmt: skip
    found = misalignment(table(*rows), MARGINS)
    assert found.filter("shown").select("quantity", "method").rows() == [("faithfulness", "lime")]
    imported = misalignment(table(*rows), MARGINS, explained=False)
    assert set(imported["quantity"]) == {"ece", "brier"}


@pytest.mark.parametrize(
    ("statuses", "last"),
    [(["kept", "kept", "undecided", "kept"], 3), (["harmed", "kept"], None), (["kept"], 2), ([], None)],
)  # fmt: skip
def test_the_plateau_ends_before_the_first_level_at_which_accuracy_is_not_kept(statuses, last):
    rows = [
        {"level": level, "quantity": quantity, "status": status if quantity == "accuracy" else "degraded"}
        for level, status in enumerate(statuses, start=2) for quantity in ("accuracy", "ece")
    ]  # fmt: skip
    assert plateau(pl.DataFrame(rows, schema=dict(VERDICT.columns))) == last


LEVELS, CELLS = 6, 400
NOMINAL = 0.025
MOST = NOMINAL + 3 * np.sqrt(NOMINAL * (1 - NOMINAL) / CELLS)


@cache
def tango_curve(gained: int, lost: int, texts: int) -> tuple[list[float], list[float]]:
    ends = [tango(gained, lost, texts, each) for each in CURVE]
    return [end.low for end in ends], [end.high for end in ends]


def found_in(loss: float, harm: float, world: str, seed: int) -> np.ndarray:
    """[CELLS], whether some level is called misaligned: accuracy lost (2,000 texts) and faithfulness lost (200)."""
    random = np.random.default_rng(seed)
    gained = random.binomial(2000, 0.005, size=(CELLS, LEVELS))
    lost = random.binomial(2000, 0.005 + loss, size=(CELLS, LEVELS))
    shape = (200, CELLS * LEVELS)
    noise = random.normal(size=shape) if world == "normal" else random.exponential(size=shape) - 1
    changes = -(harm + 0.15 * noise)
    numbers = []
    for start in range(0, changes.shape[1], 40):
        part = changes[:, start : start + 40]
        values = np.concatenate([np.zeros((200, 1)), part], axis=1)
        comparison = Comparison(range(part.shape[1] + 1), np.arange(200), Analysis(seed=3))
        numbers += comparison.of_means(values)[1:]
    found = []
    for cell in range(CELLS):
        rows = []
        for level in range(LEVELS):
            low, high = tango_curve(gained[cell, level], lost[cell, level], 2000)
            rows.append(row(level + 1, "accuracy", 0.0, 1.0, curve_low=low, curve_high=high))
            of_level = numbers[cell * LEVELS + level]
            rows.append(
                explained(level + 1, 0.0, 1.0, curve_low=list(of_level.curve_low),
                          curve_high=list(of_level.curve_high))
            )  # fmt: skip
        tested = misalignment(table(*rows), {"accuracy": 0.02, "faithfulness": 0.05})
        found.append(bool(misaligned_levels(tested)))
    return np.array(found)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("loss", "harm", "world"),
    [(0.0, 0.05, "normal"), (0.0, 0.05, "skewed"), (0.02, 0.2, "normal"), (0.02, 0.05, "normal")],
)
def test_with_one_of_the_two_at_its_margin_false_alarms_are_as_rare_as_promised(loss, harm, world):
    assert found_in(loss, harm, world, seed=11).mean() <= MOST


@pytest.mark.slow
def test_misalignment_of_twice_the_margin_is_found():
    assert found_in(0.0, 0.1, "normal", seed=12).mean() > 0.95
