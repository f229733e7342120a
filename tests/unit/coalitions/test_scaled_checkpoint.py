"""A checkpoint whose logits are all divided by a number: what the verdict judges of its explanations stays as it is.

The planted rationale of a built-in task leads the exact Shapley ranking.
"""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
import yaml

from keepfaith.attribution.explain import explain
from keepfaith.coalitions.explanations import judge_segments
from keepfaith.coalitions.table import score_coalitions
from keepfaith.config.load import load_study
from keepfaith.config.shipped import BUILTIN_CHECKPOINT
from keepfaith.models.loading import load_model, load_tokenizer
from keepfaith.models.removal import PrunableModel
from keepfaith.plugins.method import METHODS
from keepfaith.scoring.encoding import PromptEncoder
from keepfaith.scoring.predict import predict
from keepfaith.scoring.scorer import OptionScorer
from keepfaith.statistics.assemble import compute_metrics
from keepfaith.statistics.clusters import group_examples
from keepfaith.statistics.coalition_metrics import SegmentTables
from keepfaith.statistics.settings import Analysis
from keepfaith.statistics.verdict import verdict
from keepfaith.tasks.prepare import prepare_task

ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.slow

ORDER, LEVELS = (7, 6, 5, 4), [0, 1, 3]
TOKEN_METHODS = ("lime", "kernelshap", "input_x_gradient", "attnlrp")
FACTORS = (1.0, 0.5, 2.0)
MARGINS = {"accuracy": 0.02, "faithfulness": 0.1}


@pytest.fixture(scope="module")
def examples() -> pl.DataFrame:
    demo = yaml.safe_load((ROOT / "config/studies/demo.yaml").read_text())
    demo["examples"] = {"evaluation": 12, "explanation": 12, "tuning": 0}
    study = load_study(demo, [ROOT / "config/catalog"])
    return prepare_task(study.tasks["sentiment"], study.study.examples).examples


@pytest.fixture(scope="module")
def judged(examples):
    """By factor: EXPLANATIONS, METRICS and VERDICT of the built-in model with its final norm times the factor."""
    encoder = PromptEncoder(load_tokenizer(BUILTIN_CHECKPOINT))
    found = {}
    for factor in FACTORS:
        model = load_model(BUILTIN_CHECKPOINT, device="cpu")
        with torch.no_grad():
            model.model.norm.weight *= factor
        scorer = OptionScorer(PrunableModel(model), ORDER, 2048)
        predictions = predict(scorer, encoder, examples, LEVELS)
        coalitions = score_coalitions(scorer, encoder, examples, LEVELS, 6, ["delete"])
        attributions = [
            explain(
                name,
                METHODS.load(name).settings(),
                0,
                scorer,
                encoder,
                examples,
                LEVELS,
                predictions,
            )
            for name in TOKEN_METHODS
        ]
        tables = judge_segments(coalitions, attributions)
        metrics = compute_metrics(
            predictions,
            examples,
            [],
            attributions,
            group_examples(examples),
            Analysis(null_repetitions=100, repetitions=1000),
            segments=SegmentTables(tables.explanations, tables.limits, tables.swap),
        )
        found[factor] = tables.explanations, metrics, verdict(metrics, MARGINS)
    return found


@pytest.mark.parametrize("factor", FACTORS[1:])
def test_no_ranking_no_faithfulness_no_drift_and_no_verdict_changes(judged, factor):
    (plain, metrics, statuses), (scaled, others, found) = judged[1.0], judged[factor]
    keys = ["level", "example_id", "method", "seed"]
    both = plain.join(scaled, on=keys, suffix="_scaled")
    assert both.height == plain.height == len(LEVELS) * 12 * (3 + len(TOKEN_METHODS))
    for row in both.iter_rows(named=True):
        own, other = np.array(row["scores"]), np.array(row["scores_scaled"]) / factor
        assert other == pytest.approx(own, abs=2e-4 * np.abs(own).max())
    for column in ("faithfulness", "sufficiency"):
        assert both[f"{column}_scaled"].to_list() == pytest.approx(both[column].to_list(), abs=2e-3)
    for metric in ("segment_faithfulness", "drift_correlation", "segment_r_precision"):
        values = [
            table.filter(metric=metric).sort("method", "level")["value"].to_list()
            for table in (metrics, others)
        ]
        assert values[1] == pytest.approx(values[0], abs=2e-3)
    by = ["quantity", "method", "level"]
    assert found.sort(by)["status"].to_list() == statuses.sort(by)["status"].to_list()


@pytest.mark.parametrize("factor", FACTORS[1:])
def test_confidence_and_raw_scores_do_change(judged, factor):
    """Otherwise the test above would say nothing."""
    for metric in ("mean_confidence", "raw_comprehensiveness"):
        plain, scaled = (
            judged[each][1].filter(pl.col("metric") == metric, pl.col("level") == 0)["value"].mean()
            for each in (1.0, factor)
        )
        assert (scaled > plain) == (factor > 1) and abs(scaled / plain - 1) > 0.03


def test_the_planted_rationale_leads_the_exact_ranking(judged):
    rows = judged[1.0][1].filter(metric="segment_r_precision", method="shapley").sort("level")
    assert min(rows["value"]) > max(rows["reference_high"])
    above = judged[1.0][1].filter(metric="segment_r_precision_above_chance", method="shapley")
    assert min(above["low"]) > 0
