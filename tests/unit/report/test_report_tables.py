"""The page's tables hold the numbers of the cell's tables."""

from dataclasses import replace

import polars as pl
from figures import synthetic

from keepfaith.plugins.quantity import ordered_quantities
from keepfaith.report.agreement_table import agreement_table
from keepfaith.report.limits_table import limits_table
from keepfaith.report.order_table import orders_compared
from keepfaith.report.tables import TableCell, explanation_table, model_table, number, span


def test_numbers():
    assert [number(value) for value in (0.12349, -0.0001, None)] == ["0.123", "0.000", "n/a"]
    assert span(0.1, None) == "n/a" and span(-0.5, 1) == "-0.500 to 1.000"
    assert span(0.5, 0.5) == "0.500"


def test_model_table_has_a_row_per_level_with_its_layer_and_verdict():
    tables = synthetic.cell()
    shown = model_table(tables)
    assert [row[0].text for row in shown.rows] == ["0 (dense)", "1", "2", "3", "4"]
    assert all(len(row) == len(shown.header) for row in shown.rows)
    first = tables.order.filter(pl.col("position") == 1)["layer"].item()
    assert [shown.rows[0][1].text, shown.rows[1][1].text] == ["none", f"attention {first}"]
    accuracy = tables.series("accuracy")["value"].to_list()
    status = (
        tables.verdict.filter(pl.col("quantity") == "accuracy").sort("level")["status"].to_list()
    )
    assert [row[2] for row in shown.rows] == [
        TableCell(number(value), mark)
        for value, mark in zip(accuracy, [None, *status], strict=True)
    ]


def test_a_judged_value_is_shown_with_the_confidence_that_its_harm_exceeds_the_margin():
    tables = synthetic.cell()
    shares = tables.verdict["level"].replace_strict({1: 0.001, 2: 0.03, 3: 0.5, 4: 0.999})
    shown = model_table(replace(tables, verdict=tables.verdict.with_columns(beyond_margin=shares)))
    assert [row[2].beyond for row in shown.rows] == [None, "<1 %", "3 %", "50 %", ">99 %"]


def test_a_level_behind_levels_that_were_not_run_names_all_that_it_drops():
    tables = synthetic.cell(levels=(0, 2, 3, 6))
    order = [f"attention {layer}" for layer in tables.order.sort("position")["layer"]]
    shown = {row[0].text: row[1].text for row in model_table(tables).rows}
    assert shown == {
        "0 (dense)": "none",
        "2": ", ".join(order[:2]),
        "3": order[2],
        "6": ", ".join(order[3:6]),
    }


def test_explanation_table_has_seed_bands_and_the_overlap_with_dense():
    tables = synthetic.cell()
    shown = explanation_table(tables)
    assert shown is not None and len(shown.rows) == 3 * 5
    rows = {
        (row[0].text, row[1].text): dict(zip(shown.header, row, strict=True)) for row in shown.rows
    }
    assert rows["input x gradient", "1"]["Seed floor"].text == "n/a"
    assert rows["KernelSHAP", "0 (dense)"]["Top-10 overlap with dense"].text == "1.00"
    pair = tables.overlap.filter(
        pl.col("method") == "kernelshap",
        pl.col("top") == 10,
        pl.col("level_a") == 0,
        pl.col("level_b") == 3,
    )
    assert rows["KernelSHAP", "3"]["Top-10 overlap with dense"].text == number(
        pair["overlap"].item(), 2
    )
    seeds = tables.series("sufficiency_study", "kernelshap").row(2, named=True)
    beside = shown.header.index("Sufficiency") + 1
    assert shown.header[beside] == "Seed band"
    assert shown.rows[7][beside].text == span(seeds["seed_low"], seeds["seed_high"])


def test_chance_stands_beside_raw_comprehensiveness_as_one_number():
    tables = synthetic.cell()
    shown = explanation_table(tables)
    assert shown is not None
    beside = shown.header.index("Raw comprehensiveness") + 1
    assert shown.header[beside] == "By chance"
    assert {row[beside].text for row in shown.rows} == {"0.100"}


def test_only_columns_of_the_value_enclose_it():
    """A figure draws them as a band around the line; chance is a line of its own."""
    enclosing = {
        name: each.beside.of_value for name, each in ordered_quantities().items() if each.beside
    }
    assert not enclosing["raw_comprehensiveness"] and not enclosing["raw_sufficiency"]
    assert enclosing["faithfulness"] and enclosing["comprehensiveness"] and enclosing["accuracy"]


def test_no_methods_no_table():
    assert explanation_table(synthetic.cell(methods=())) is None


def test_order_table_says_how_far_each_order_goes():
    verdict = synthetic.cell().verdict.with_columns(status=pl.lit("kept"))
    worse = verdict.with_columns(
        status=pl.when(pl.col("level") > 2).then(pl.lit("degraded")).otherwise("status")
    )
    one = synthetic.with_cell(verdict, "m", "a_good_one", "sst2")
    other = synthetic.with_cell(worse, "m", "a_bad_one", "sst2")
    shown = orders_compared(pl.concat([other, one]))
    assert shown is not None
    assert [[cell.text for cell in row] for row in shown.rows] == [
        ["a_good_one", *["4.0 / 4.0"] * 3],
        ["a_bad_one", *["2.0 / 2.0"] * 3],
    ]
    assert orders_compared(one) is None


def test_sampled_methods_are_listed_with_their_agreement_and_what_more_it_takes():
    tables = synthetic.cell(deepest=2)
    shown = agreement_table(tables)
    assert shown is not None and all(len(row) == len(shown.header) for row in shown.rows)
    listed = [(row[0].text, row[1].text) for row in shown.rows]
    levels = ("0 (dense)", "1", "2")
    assert listed == [(name, level) for name in ("KernelSHAP", "LIME") for level in levels]
    values = [cell.text for cell in shown.rows[0][2:]]
    assert values == ["0.92", "0.890 to 0.950", "0.50", "0.40", "0.30", "x 0.8"]


def test_seeds_that_do_not_agree_need_no_number_of_samples():
    tables = synthetic.cell(deepest=2, methods=("lime",))
    without = pl.when(pl.col("metric") == "draws_needed").then(None).otherwise(pl.col("value"))
    unsure = replace(tables, metrics=tables.metrics.with_columns(value=without))
    shown = agreement_table(unsure)
    assert shown is not None and {row[-1].text for row in shown.rows} == {"no number suffices"}
    assert agreement_table(synthetic.cell(methods=("input_x_gradient",))) is None


def test_what_can_be_explained_is_listed_by_level():
    shown = limits_table(synthetic.cell(deepest=2))
    assert shown is not None and shown.title == "What can be explained (500 examples)"
    assert [row[0].text for row in shown.rows] == ["0 (dense)", "1", "2"]
    assert [cell.text for cell in shown.rows[0][1:]] == ["0.10", "0.10", "0.10"]
    tables = synthetic.cell()
    by_tokens = tables.metrics.filter(pl.col("family") != "coalitions")
    assert limits_table(replace(tables, metrics=by_tokens)) is None
