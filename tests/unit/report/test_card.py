"""The model card says what was dropped and what it cost."""

import polars as pl
import pytest
from figures import synthetic

from keepfaith.plugins.export_format import EXPORT_FORMATS
from keepfaith.report.card import TaskResult, model_card

ORDER = {
    "criterion": "cosine", "reverse": False, "citation": "He et al. 2024",
}  # fmt: skip
TEXT = {
    "source": {"kind": "hub", "repository": "a/texts"}, "samples": 8, "sample_tokens": 2048, "seed": 3,
}  # fmt: skip


def card(level=2, format="slim", read=TEXT, **order):
    tables = synthetic.cell()
    return tables, model_card(
        "m", "hub:a/m", "abc", format, level, ["attention of layer 3", "mlp of layer 0"],
        {**ORDER, **order}, read, [TaskResult("sst2", tables.metrics, tables.verdict)],
    )  # fmt: skip


def test_every_watched_quantity_has_a_row_with_its_verdict():
    tables, text = card()
    rows = [line for line in text.splitlines() if line.startswith("| sst2")]
    watched = tables.verdict.select("quantity", "method").unique()
    assert len(rows) == watched.height
    accuracy = tables.series("accuracy").filter(pl.col("level") == 2)["value"].item()
    status = tables.verdict.filter(quantity="accuracy", level=2)["status"].item()
    (row,) = [line for line in rows if "| accuracy |" in line]
    assert f"| {accuracy:.3f} |" in row and row.endswith(f"| {status} |")


def test_it_says_what_was_dropped_and_how_to_load_it():
    _, text = card(reverse=True)
    assert "from hub:a/m, revision abc." in text
    assert (
        "attention of layer 3; mlp of layer 0. Criterion: cosine, reversed (He et al. 2024)."
        in text
    )
    said = "Calibration text: hub (a/texts), 8 samples of up to 2048 tokens, seed 3."
    assert said in text
    assert "Calibration text" not in card(read=None)[1]
    assert "reads no calibration text." in card(read=None)[1]
    assert "keepfaith.models.loading" in text
    assert "AutoModelForCausalLM" in card(format="zero_filled")[1]


@pytest.mark.parametrize("name", EXPORT_FORMATS.names())
def test_it_says_of_every_format_how_it_is_loaded_and_how_it_was_checked(name):
    format = EXPORT_FORMATS.load(name)
    _, text = card(format=name)
    assert f"## How to load it\n\n{format.usage}" in text
    assert f"it was {format.checked}, and its logits compared" in text


def test_the_means_over_tasks_come_first_with_their_verdict():
    tables = synthetic.cell()
    result = TaskResult("sst2", tables.metrics, tables.verdict)
    text = model_card(
        "m", "hub:a/m", None, "slim", 2, [], ORDER | {"reverse": False}, None, [result],
        synthetic.pooled(tables.verdict),
    )  # fmt: skip
    rows = [line for line in text.splitlines() if line.startswith(("| mean over", "| sst2"))]
    means = [line for line in rows if line.startswith("| mean over 3 tasks")]
    assert rows[: len(means)] == means
    of_level = tables.verdict.filter(level=2)
    assert len(means) == of_level.height
    accuracy = of_level.row(by_predicate=pl.col("quantity") == "accuracy", named=True)
    change, low, high = (-accuracy[name] for name in ("harm", "harm_high", "harm_low"))
    assert (
        f"| mean over 3 tasks | accuracy | | | {change:.3f} ({low:.3f} to {high:.3f}) | {accuracy['status']} |"
        in means
    )


def test_it_says_which_probabilities_are_judged_unless_they_are_those_of_the_sums():
    tables = synthetic.cell()
    for unit, said in (("sum", 0), ("byte", 1), (None, 0)):
        verdict = tables.verdict.with_columns(probabilities=pl.lit(unit, pl.String))
        results = [TaskResult(task, tables.metrics, verdict) for task in ("sst2", "rte")]
        text = model_card("m", "hub:a/m", None, "slim", 2, [], ORDER, None, results)
        assert text.count("Judged are probabilities from log-likelihoods per byte") == said
