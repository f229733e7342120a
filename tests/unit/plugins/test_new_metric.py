"""A metric of predictions is one file: then it is computed, and stands in the report."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from figures import synthetic
from made_predictions import drawn, examples_frame, predictions_frame

import keepfaith
from keepfaith.figures.cell_tables import CellTables
from keepfaith.plugins.metric import PREDICTION_METRICS
from keepfaith.plugins.quantity import QUANTITIES
from keepfaith.report.metric_table import metric_table
from keepfaith.report.tables import number
from keepfaith.statistics.assemble import compute_metrics
from keepfaith.statistics.clusters import group_examples
from keepfaith.statistics.settings import Analysis

LEVELS = (0, 1, 2)
NEW = '''"""The mean probability of all options but the predicted one."""

from keepfaith.calibration.draws import Draws
from keepfaith.calibration.probabilities import Floats
from keepfaith.plugins.metric import mean_metric


def _per_example(draws: Draws) -> Floats:
    """One minus the confidence."""
    return 1 - draws.sample.confidence[None, :]


METRIC = mean_metric(_per_example, better="lower", citation="a test & <nothing> else")
'''


def computed() -> pl.DataFrame:
    """METRICS of a dense model and two levels that are surer and worse."""
    generator = np.random.default_rng(0)
    scores = generator.normal(size=(60, 2))
    posterior = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    noise = generator.normal(size=scores.shape)
    levels = {k: (scores * (1 + k) + 3 * k * noise).tolist() for k in LEVELS}
    examples = examples_frame(drawn(posterior, generator).tolist(), [2] * 60)
    analysis = Analysis(null_repetitions=100, repetitions=200)
    return compute_metrics(
        predictions_frame(levels), examples, [], [], group_examples(examples), analysis
    )


def cell(metrics: pl.DataFrame) -> CellTables:
    return replace(synthetic.cell(deepest=2, methods=()), metrics=metrics)


def test_a_new_file_is_computed_and_shown(add_plugin):
    add_plugin("keepfaith.calibration.metrics", "mean_doubt", NEW)
    metrics = computed()
    rows = {
        name: metrics.filter(metric=name).sort("level")
        for name in ("mean_doubt", "mean_confidence")
    }
    doubts = rows["mean_doubt"]["value"].to_list()
    assert doubts == pytest.approx([1 - x for x in rows["mean_confidence"]["value"]])
    assert rows["mean_doubt"]["family"].unique().to_list() == ["calibration"]
    shown = metric_table(cell(metrics))
    assert shown is not None and shown.folded
    (row,) = [row for row in shown.rows if row[0].text == "mean doubt"]
    values = [number(value, 4) for value in doubts]
    assert [cell.text for cell in row] == [
        "mean doubt",
        "lower",
        *values,
        "a test & <nothing> else",
    ]


def test_every_metric_of_the_predictions_stands_in_the_report_with_four_digits():
    metrics = computed()
    shown = metric_table(cell(metrics))
    assert shown is not None
    assert shown.header == ("Metric", "Better", "0 (dense)", "1", "2", "Defined in")
    assert len(shown.rows) == metrics["metric"].n_unique()
    rows = {row[0].text: [cell.text for cell in row[1:]] for row in shown.rows}
    ece = metrics.filter(metric="ece").sort("level")["value"].to_list()
    of_file = PREDICTION_METRICS.load("ece")
    assert rows["ECE"] == [of_file.better, *(f"{value:.4f}" for value in ece), of_file.citation]
    assert rows["ece corrected"][0] == ""  # made from another one: it is no plug-in
    assert rows["mean confidence"][0] == ""  # neither direction is better


def test_changes_and_metrics_by_length_say_what_is_better_and_where_they_are_defined():
    shown = metric_table(cell(computed()))
    assert shown is not None
    rows = {row[0].text: [cell.text for cell in row[1:]] for row in shown.rows}
    assert rows["flips"][0] == rows["kl dense level"][0] == rows["ece by byte"][0] == "lower"
    assert rows["accuracy by token"][0] == "higher" and rows["mean confidence by byte"][0] == ""
    assert rows["flips"][1:3] == ["0.0000", rows["flips"][2]] and float(rows["flips"][2]) > 0
    assert rows["silent change"][-1].startswith("mean absolute change")
    assert rows["accuracy by character"][-1] == "lm-evaluation-harness, acc_norm"
    assert rows["ece by token"][-1] == PREDICTION_METRICS.load("ece").citation


def test_a_quantity_and_its_metric_agree_on_what_is_better():
    declared = PREDICTION_METRICS.all()
    shared = [q for q in QUANTITIES.all().values() if q.metric in declared]
    assert len(shared) >= 5
    assert all(quantity.better == declared[quantity.metric].better for quantity in shared)


def test_declarations_are_read_without_heavy_packages():
    package = Path(keepfaith.__file__).parents[1]
    heavy = ("torch", "transformers", "scipy", "sklearn", "matplotlib", "datasets")
    code = (
        "import sys\n"
        "from keepfaith.plugins.metric import PREDICTION_METRICS\n"
        "from keepfaith.plugins.quantity import QUANTITIES\n"
        "PREDICTION_METRICS.all(), QUANTITIES.all()\n"
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": str(package)}, text=True,
        capture_output=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == "[]"
