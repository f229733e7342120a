"""A judged quantity is one file: then it has a margin, a verdict, a panel, a column and a concern."""

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from figures import synthetic
from made_predictions import drawn, examples_frame, predictions_frame

from keepfaith.artifacts.schemas import METRICS
from keepfaith.config.margins import complete_margins
from keepfaith.config.reference import json_schema, options_page
from keepfaith.figures.cell_figures import draw
from keepfaith.figures.cell_tables import CellTables
from keepfaith.figures.labels import metric_name, quantity, quantity_name
from keepfaith.plugins.quantity import QUANTITIES, Quantity, judged_quantities, ordered_quantities
from keepfaith.report.card import TaskResult, model_card
from keepfaith.report.tables import explanation_table, model_table, number
from keepfaith.statistics.assemble import compute_metrics
from keepfaith.statistics.clusters import group_examples
from keepfaith.statistics.order_comparison import reach_by_concern
from keepfaith.statistics.settings import Analysis
from keepfaith.statistics.verdict import verdict

JUDGED = ["accuracy", "ece", "brier", "faithfulness", "comprehensiveness", "sufficiency"]
PACKAGE = "keepfaith.statistics.quantities"
NEW = """from keepfaith.plugins.quantity import Quantity

QUANTITY = Quantity(
    label="risk", axis="risk (share)", metric="aurc", better="lower", position=45, margin=0.03,
    tolerates="Tolerated rise of the risk.", concern="calibration",
)
"""
NEW_OF_METHODS = """from keepfaith.plugins.quantity import Quantity

QUANTITY = Quantity(
    label="recall", axis="recall (share)", metric="r_precision", better="higher", position=75,
    explained=True, margin=0.1, tolerates="Tolerated loss of recall.", concern="faithfulness", above_chance=True,
)
"""


@pytest.fixture
def cell(add_plugin) -> CellTables:
    """A dense model and two levels that lose what they knew, judged with the new quantity as well."""
    add_plugin(PACKAGE, "risk", NEW)
    generator = np.random.default_rng(0)
    scores = 3 * generator.normal(size=(200, 2))
    posterior = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    levels = {level: scores.tolist() for level in (0, 1)} | {2: (-scores).tolist()}
    examples = examples_frame(drawn(posterior, generator).tolist(), [2] * 200)
    analysis = Analysis(null_repetitions=200, repetitions=400)
    metrics = compute_metrics(
        predictions_frame(levels), examples, [], [], group_examples(examples), analysis
    )
    judged = verdict(metrics, complete_margins({}, "config"), explained=False)
    bare = synthetic.cell(deepest=2, methods=())
    return replace(bare, metrics=metrics, verdict=judged)


def test_it_has_a_margin_that_a_study_may_set(cell):
    assert complete_margins({}, "config")["risk"] == 0.03
    margins = complete_margins({"risk": 0.5}, "config")
    assert list(margins) == ["accuracy", "ece", "brier", "risk", "faithfulness"]
    assert margins["risk"] == 0.5
    line = "| `statistics.margins.risk` | number > 0, < 1 | `0.03` | Tolerated rise of the risk. |"
    assert line in options_page()
    described = json.loads(json_schema())["$defs"]["Statistics"]["properties"]["margins"]
    assert described["properties"]["risk"]["default"] == 0.03


def test_it_is_judged_where_it_stands_among_the_others(cell):
    assert cell.verdict["quantity"].unique(maintain_order=True).to_list() == [
        "accuracy", "ece", "brier", "risk",
    ]  # fmt: skip
    statuses = cell.verdict.filter(quantity="risk").sort("level")["status"].to_list()
    assert statuses == ["kept", "degraded"]


def test_figures_show_it(cell):
    (strip,) = draw("verdict", cell).axes
    names = [text.get_text() for text in strip.get_yticklabels()]
    assert names == ["accuracy", "ECE", "Brier score", "risk"]
    titles = [panel.get_title() or panel.get_title("left") for panel in draw("change", cell).axes]
    assert titles[:6] == ["accuracy", "mean confidence", "ECE", "Brier score", "risk", "NLL"]


def test_the_report_shows_it_with_its_status(cell):
    table = model_table(cell)
    column = table.header.index("Risk")
    values = cell.series("aurc")["value"].to_list()
    shown = [(row[column].text, row[column].status) for row in table.rows]
    marks = (None, "kept", "degraded")
    assert shown == [(number(x), mark) for x, mark in zip(values, marks, strict=True)]
    card = model_card(
        "m", "a folder", None, "slim", 2, ["attention 1"],
        {"criterion": "c", "reverse": False, "citation": "", "samples": 0, "sample_tokens": 0, "seed": 0},
        None, [TaskResult("t", cell.metrics, cell.verdict)],
    )  # fmt: skip
    assert "| t | risk |" in card


def test_its_concern_ends_where_it_degrades(cell):
    rows = cell.verdict.with_columns(
        status=pl.when(quantity="risk").then("status").otherwise(pl.lit("kept"))
    )
    reach = reach_by_concern(synthetic.with_cell(rows, "m", "o", "t"))
    assert reach.select("concern", "kept", "clear").rows() == [
        ("accuracy", 2, 2),
        ("calibration", 1, 1),
    ]


def test_one_of_explanations_without_an_operator_is_judged_per_method(add_plugin):
    add_plugin(PACKAGE, "recall", NEW_OF_METHODS)
    rows = [
        {
            "level": level, "metric": "r_precision", "method": method, "role": role, "value": 0.8 - loss,
            "change": -loss, "change_low": -loss - 0.01, "change_high": -loss + 0.01, "p_value": 1e-4,
            "holm_low": [-loss - 0.01], "holm_high": [-loss + 0.01],
            "reference_low": 0.2, "reference_high": 0.2, "clusters": 100,
        }
        for method, role, losses in (
            ("lime", "method", (0.0, 0.05)), ("mine", "method", (0.0, 0.3)), ("random", "control", (0.0, 0.0)),
        )
        for level, loss in enumerate(losses)
    ]  # fmt: skip
    found = verdict(pl.DataFrame(rows, schema=dict(METRICS.columns)), {"recall": 0.1})
    assert found.select("method", "status").rows() == [("lime", "kept"), ("mine", "degraded")]
    shown = explanation_table(synthetic.cell(deepest=2))
    assert shown is not None and "Recall" in shown.header


def test_what_ships_is_judged_and_shown_in_this_order():
    assert list(judged_quantities()) == JUDGED
    assert [each.margin for each in judged_quantities().values()] == [
        0.02,
        0.02,
        0.02,
        0.1,
        0.05,
        0.05,
    ]
    assert list(ordered_quantities()) == [
        "accuracy", "mean_confidence", "ece", "brier", "nll", "temperature", "ece_tempered", "faithfulness",
        "raw_comprehensiveness", "raw_sufficiency", "drift_correlation",
        "comprehensiveness", "sufficiency", "r_precision", "segment_r_precision",
    ]  # fmt: skip
    positions = [each.position for each in QUANTITIES.all().values()]
    assert len(set(positions)) == len(positions)


def test_a_quantity_is_found_by_its_name_or_by_its_rows():
    for name, each in QUANTITIES.all().items():
        assert quantity(name) is quantity(each.metric) is each
        assert metric_name(each.metric) == each.label
    assert metric_name("accuracy_of_drawn_ties") == "accuracy of drawn ties"
    assert quantity_name("comprehensiveness", "lime") == "comprehensiveness (LIME)"
    with pytest.raises(ValueError, match="no quantity 'speed'"):
        quantity("speed")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"concern": "speed"}, "no concern 'speed'"),
        ({"protocol": "tokens"}, "no protocol 'tokens'"),
        ({"spread": 0.0}, "spread is 0; type a standard deviation above 0 or None"),
        ({"margin": 0.1, "tolerates": "Loss."}, "which direction is better"),
        ({"margin": 0.1, "better": "lower"}, "what the margin tolerates"),
        ({"margin_as": "ece"}, "margin_as is for a quantity"),
        ({"margin_as": "ece", "better": "lower", "margin": 0.1}, "margin_as is for a quantity"),
    ],
)
def test_a_declaration_that_cannot_be_judged_is_refused(wrong, said):
    fields = {"label": "x", "axis": "x", "metric": "x", "better": "neither", "position": 1, **wrong}
    with pytest.raises(ValueError, match=said):
        Quantity(**fields)
