"""What the figures draw is what the tables say."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from figures import synthetic
from keepfaith import report
from keepfaith.artifacts.schemas import VERDICT
from keepfaith.artifacts.tables import ArtifactError
from keepfaith.figures.cell import layers
from keepfaith.figures.cell.change import relative_change
from keepfaith.figures.cell.overlap import matrix
from keepfaith.figures.cell.swap import mean_by_pair
from keepfaith.figures.cell_figures import draw
from keepfaith.figures.labels import method_name, path_names, quantity
from keepfaith.figures.published import SOURCE, match_published, read_published
from keepfaith.figures.reach import reaches
from keepfaith.figures.study.efficiency import ratios
from keepfaith.figures.study.price import means
from keepfaith.figures.study_figures import draw_study
from keepfaith.figures.style import method_strokes, series_strokes
from keepfaith.plugins.cell_figure import CELL_FIGURES
from keepfaith.statistics.verdict import STATUSES

OWN_NAMES = {name: name for name in ("kernelshap", "lime", "input_x_gradient", "random")}
PUBLISHED = Path(__file__).parents[3] / "config" / "catalog" / "published" / "arxiv_2606_24970.csv"


def verdict_of(
    statuses: str, quantity: str = "accuracy", method: str | None = None
) -> pl.DataFrame:
    words = {"k": "kept", "u": "undecided", "h": "harmed", "d": "degraded"}
    rows = [
        {"level": level, "quantity": quantity, "method": method, "harm": 0.1, "margin": 0.02,
         "status": words[letter]}
        for level, letter in enumerate(statuses, start=1)
    ]  # fmt: skip
    return synthetic.table(rows, synthetic.VERDICT)


@pytest.mark.parametrize(
    ("statuses", "safe", "clear", "breaks_at"),
    [("kkkk", 4, 4, None), ("kkud", 2, 3, 4), ("dkkk", 0, 0, 1), ("ukkd", 0, 3, 4), ("kudk", 1, 2, 3),
     ("khdk", 1, 2, 3)],
)  # fmt: skip
def test_reach_ends_at_the_first_gap(statuses, safe, clear, breaks_at):
    found = reaches(verdict_of(statuses))["accuracy", None]
    assert (found.safe, found.clear, found.breaks_at, found.deepest) == (safe, clear, breaks_at, 4)


def test_reach_keeps_methods_apart():
    verdict = pl.concat(
        [verdict_of("kd", "sufficiency", "lime"), verdict_of("kk", "sufficiency", "other")]
    )
    found = {method: answer.safe for (_, method), answer in reaches(verdict).items()}
    assert found == {"lime": 1, "other": 2}


def test_every_status_has_its_own_mark_and_colours():
    """In the strip, in the tables of the report, and in the report's colours on paper and on screen."""
    tables = replace(
        synthetic.cell(deepest=2, methods=("lime",)),
        verdict=pl.concat([verdict_of("kuhd"), verdict_of("duhk", "sufficiency", "lime")]),
    )
    (panel,) = draw("verdict", tables).axes
    drawn = {(line.get_marker(), line.get_color()) for line in panel.get_lines()}
    assert len(drawn) == len({mark for mark, _ in drawn}) == len({c for _, c in drawn}) == 4
    assert len({patch.get_facecolor() for patch in panel.patches}) == 4
    figure = panel.get_figure()
    assert [text.get_text() for text in figure.legends[0].get_texts()] == list(STATUSES)
    templates = Path(report.__file__).parent / "templates"
    marks = re.findall(r'"(\w+)": "(.)"', (templates / "parts.html.j2").read_text())
    assert {status for status, _ in marks} == set(STATUSES)
    assert len({mark for _, mark in marks}) == 4
    css = (templates / "page.css").read_text()
    for status in STATUSES:
        assert css.count(f"--{status}: #") == 3
        assert f".{status} {{" in css


def test_bands_are_the_seeds_for_explanations_and_the_interval_for_accuracy():
    tables = synthetic.cell(methods=("lime",))
    panels = {axes.get_ylabel(): axes for axes in draw("faithfulness", tables).axes}
    for metric, method, ends in (
        ("accuracy", None, ("low", "high")),
        ("segment_faithfulness", "lime", ("low", "high")),
        ("comprehensiveness_study", "lime", ("seed_low", "seed_high")),
        ("r_precision", "lime", ("seed_low", "seed_high")),
    ):
        axes = panels[quantity(metric).axis]
        rows = tables.series(metric, method)
        band = next(of for of in axes.collections if of.get_alpha() == pytest.approx(0.18))
        heights = band.get_paths()[0].vertices[:, 1]
        np.testing.assert_allclose(
            (heights.min(), heights.max()), (rows[ends[0]].min(), rows[ends[1]].max())
        )


def test_relative_change_is_in_percent_of_the_dense_value():
    rows = synthetic.table(
        [
            {"level": 0, "value": 0.8, "change": 0.0, "change_low": 0.0, "change_high": 0.0},
            {"level": 1, "value": 0.6, "change": -0.2, "change_low": -0.24, "change_high": -0.16},
        ],
        synthetic.METRICS,
    )
    relative = relative_change(rows)
    assert relative is not None
    np.testing.assert_allclose(relative.row(1), (1, -25.0, -30.0, -20.0))


@pytest.mark.parametrize("dense", [0.0, 0.01, -0.01, None])
def test_no_relative_change_of_almost_nothing(dense):
    rows = synthetic.table(
        [{"level": 0, "value": dense}, {"level": 1, "value": 0.5}], synthetic.METRICS
    )
    assert relative_change(rows) is None


def test_negative_dense_value_keeps_the_direction_of_the_change():
    rows = synthetic.table(
        [{"level": 0, "value": -0.1}, {"level": 1, "value": -0.2}], synthetic.METRICS
    )
    relative = relative_change(rows)
    assert relative is not None and relative["value"].to_list() == [0.0, pytest.approx(-100.0)]


def test_overlap_stands_below_the_diagonal_and_the_floor_above():
    rows = [
        {"level_a": a, "level_b": b, "overlap": 0.7 if a != b else 1.0, "floor": 0.5 + 0.1 * (a + b)}
        for a in (0, 1) for b in (0, 1)
    ]  # fmt: skip
    values = matrix(synthetic.table(rows, synthetic.OVERLAP), (0, 1))
    np.testing.assert_allclose(values, [[0.5, 0.6], [0.7, 0.7]])


def test_cells_stand_side_by_side_whatever_levels_were_left_out():
    """The k-th level that was run has the k-th row, column and tick of the heat maps and of the verdict."""
    tables = synthetic.cell(methods=("lime",), controls=(), levels=(0, 3, 7))
    panel = draw("overlap", tables).axes[1]  # top 10
    (image,) = panel.get_images()
    assert image.get_array().shape == (3, 3) and image.get_extent() == [-0.5, 2.5, 2.5, -0.5]
    pair = tables.overlap.filter(method="lime", top=10, level_a=7, level_b=3)["overlap"].item()
    (text,) = [text for text in panel.texts if text.get_position() == (1, 2)]
    assert text.get_text() == f"{pair:.2f}".removeprefix("0")
    panel.figure.draw_without_rendering()
    shown = {text.get_position()[0]: text.get_text() for text in panel.get_xticklabels()}
    assert {0: "0", 1: "3", 2: "7"}.items() <= shown.items()
    (strip,) = draw("verdict", tables).axes
    assert [text.get_text() for text in strip.get_xticklabels()] == ["3", "7"]
    assert {x for line in strip.get_lines() for x in line.get_xdata()} == {0, 1}


def test_layers_that_go_at_once_have_one_number():
    tables = synthetic.cell(levels=(0, 2, 5))
    order = [f"attention {layer}" for layer in tables.order.sort("position")["layer"]]
    assert tables.dropped() == {0: [], 2: order[:2], 5: order[2:5]}
    (panel,) = layers.FIGURE.draw(tables).axes
    numbers = {text.xy[0]: text.get_text() for text in panel.texts}
    places = tables.order.filter(pl.col("position") <= 5).select("layer", "position").rows()
    assert numbers == {layer: "2" if position <= 2 else "5" for layer, position in places}
    assert layers.FIGURE.caption_of(tables).endswith(
        f"Dropped in this order: {', '.join(order[:2])} (level 2); {', '.join(order[2:5])} (level 5)."
    )


def test_overlap_is_the_same_from_one_triangle_of_pairs():
    tables = synthetic.cell()
    rows = tables.overlap.filter(pl.col("method") == "lime", pl.col("top") == 10)
    half = rows.filter(pl.col("level_a") >= pl.col("level_b"))
    np.testing.assert_array_equal(
        matrix(rows, tables.levels)[1:, 0], matrix(half, tables.levels)[1:, 0]
    )


def test_published_numbers_match_by_repository_and_dataset():
    frame = read_published(PUBLISHED)
    assert frame.height == 170
    rows = match_published(frame, "Mistralai/mistral-7b-v0.1", "boolq", OWN_NAMES)
    assert rows is not None and rows["n_dropped"].to_list() == list(range(17))
    assert match_published(frame, "mistralai/Mistral-7B-v0.1", "sst2", OWN_NAMES) is None
    assert match_published(frame, None, "boolq", OWN_NAMES) is None


def test_published_numbers_are_drawn_up_to_the_deepest_level():
    rows = match_published(
        read_published(PUBLISHED), "mistralai/Mistral-7B-v0.1", "boolq", OWN_NAMES
    )
    figure = draw("accuracy", replace(synthetic.cell(), published=rows))
    line = next(line for line in figure.axes[0].get_lines() if line.get_label() == SOURCE)
    assert list(line.get_xdata()) == [0, 1, 2, 3, 4]
    labels = {
        line.get_label()
        for panel in draw("faithfulness", replace(synthetic.cell(), published=rows)).axes
        for line in panel.lines
    }
    assert {"KernelSHAP, published", "LIME, published"} <= labels
    # They are by number of dropped attention layers.
    other = synthetic.cell().order.with_columns(component=pl.lit("mlp"))
    assert replace(synthetic.cell(), order=other, published=rows).published is None


def test_published_table_of_other_columns_is_refused(tmp_path):
    (tmp_path / "other.csv").write_text("model,value\na,1\n")
    with pytest.raises(ArtifactError, match="n_dropped"):
        read_published(tmp_path / "other.csv")


def test_accuracy_line_holds_the_tables_values():
    tables = synthetic.cell()
    line = draw("accuracy", tables).axes[0].get_lines()[0]
    assert list(line.get_ydata()) == tables.series("accuracy")["value"].to_list()


def test_ece_axis_starts_at_zero():
    assert all(axes.get_ylim()[0] == 0 for axes in draw("ece", synthetic.cell()).axes)


def test_the_figure_of_temperatures_draws_what_the_tables_say():
    tables = synthetic.cell()
    left, right = draw("temperature", tables).axes
    assert list(left.get_lines()[0].get_ydata()) == tables.series("temperature")["value"].to_list()
    drawn = {line.get_label(): list(line.get_ydata()) for line in right.get_lines()}
    for label, metric in (
        ("ECE as it is", "ece"),
        ("with its own temperature", "ece_tempered"),
        ("with the dense model's temperature", "ece_tempered_as_dense"),
    ):
        assert drawn[label] == tables.series(metric)["value"].to_list()
    caption = CELL_FIGURES.load("temperature").caption_of(tables)
    assert caption.endswith("Fitted on 500 examples, applied to 500 examples.")


def test_without_tuning_examples_the_figure_says_so():
    tables = synthetic.cell()
    without = replace(tables, metrics=tables.metrics.filter(pl.col("metric") != "temperature"))
    figure = draw("temperature", without)
    assert not figure.axes
    assert "no tuning examples" in figure.texts[0].get_text()


def test_methods_keep_their_stroke_whatever_else_is_drawn():
    alone, crowded = method_strokes(["lime"]), method_strokes(["aaa", "kernelshap", "lime", "zzz"])
    assert alone["lime"] == crowded["lime"]
    assert len({stroke.colour for stroke in crowded.values()}) == len(crowded)


def test_study_operator_is_preferred():
    tables = synthetic.cell()
    assert tables.operator == "retokenise"
    rows = tables.series("comprehensiveness_study", "lime")
    assert rows["operator"].unique().to_list() == ["retokenise"] and rows[
        "ranking"
    ].unique().to_list() == ["method"]


def test_layers_figure_tells_attention_from_mlp():
    tables = synthetic.cell()
    order = tables.order.with_columns(
        component=pl.when(pl.col("layer") % 2 == 0)
        .then(pl.lit("mlp"))
        .otherwise(pl.lit("attention"))
    )
    figure = layers.FIGURE.draw(replace(tables, order=order))
    (panel,) = figure.axes
    labelled = [line.get_label() for line in panel.get_lines()]
    assert {label.split(":")[0] for label in labelled} == {"attention", "MLP"}
    assert sum(len(line.get_xdata()) for line in panel.get_lines()) == order.height
    assert "MLP" in layers.FIGURE.caption_of(replace(tables, order=order))


def test_efficiency_is_relative_to_dense_behind_the_longest_prompt():
    table = synthetic.with_path(synthetic.efficiency(range(3)), "m", "o")
    found = ratios(table)
    assert found["level"].to_list() == [0, 1, 2]
    for column in ("cache", "cache_expected", "prefill", "decode", "weights"):
        np.testing.assert_allclose(found[column].to_numpy(), [1, 0.95, 0.9])
    np.testing.assert_allclose(found["prefill_expected"].to_numpy(), [1, 0.98, 0.96])


def test_what_arithmetic_expects_is_dashed_beside_what_was_measured():
    table = synthetic.with_path(synthetic.efficiency(range(3)), "m", "o")
    panels = draw_study("efficiency", {"efficiency": table}).axes
    dashed = [[line for line in panel.get_lines() if line.is_dashed()] for panel in panels]
    assert [len(lines) for lines in dashed] == [1, 1, 1, 0]
    np.testing.assert_allclose(dashed[1][0].get_ydata(), [1, 0.98, 0.96])


def test_price_shows_means_over_tasks_against_savings():
    metrics = pl.concat(
        synthetic.with_cell(synthetic.cell(seed=seed).metrics, "m", "o", task)
        for seed, task in enumerate(("a", "b"))
    )
    tables = {
        "metrics": metrics,
        "efficiency": synthetic.with_path(synthetic.efficiency(range(5)), "m", "o"),
    }
    figure = draw_study("price", tables)
    accuracy = (
        metrics.filter(pl.col("metric") == "accuracy").group_by("level").agg(pl.col("value").mean())
    )
    expected = accuracy.sort("level")["value"].to_numpy()
    (faster,) = figure.axes[0].get_lines()
    np.testing.assert_allclose(faster.get_xdata(), 1 / (1 - 0.05 * np.arange(5)))
    np.testing.assert_allclose(faster.get_ydata(), expected)
    (smaller,) = figure.axes[3].get_lines()
    np.testing.assert_allclose(smaller.get_xdata(), 1 - 0.05 * np.arange(5))


def test_series_are_told_apart_as_far_as_colours_and_markers_go():
    assert len(set(series_strokes(98))) == 98
    assert not any(stroke.hollow for stroke in series_strokes(7))
    assert len(series_strokes(200)) == 200


def test_paths_are_named_by_what_tells_them_apart():
    assert path_names([("m", "a"), ("m", "b")]) == {("m", "a"): "a", ("m", "b"): "b"}
    assert path_names([("m", "a"), ("n", "a")]) == {("m", "a"): "m", ("n", "a"): "n"}
    assert path_names([("m", "a")]) == {("m", "a"): "m, a"}
    assert path_names([("m", "a"), ("n", "b")])["n", "b"] == "n, b"


def test_orders_are_compared_with_the_furthest_on_top():
    """Thick bars are means over tasks of what is kept, circles the ends of each task."""
    rows = [
        {"model": "m", "order": order, "task": task, "level": level, "quantity": "accuracy"}
        | {"status": "kept" if level <= kept else "degraded"}
        for (order, task), kept in {
            ("near", "a"): 1, ("near", "b"): 2, ("far", "a"): 3, ("far", "b"): 2,
        }.items()
        for level in (1, 2, 3)
    ]  # fmt: skip
    schema = {"model": pl.String, "order": pl.String, "task": pl.String, **VERDICT.columns}
    figure = draw_study("orders_compared", {"verdict": pl.DataFrame(rows, schema=schema)})
    (panel,) = figure.axes
    assert [label.get_text() for label in panel.get_yticklabels()] == ["far", "near"]
    thick = [line for line in panel.get_lines() if line.get_linewidth() == 7]
    assert [list(line.get_xdata()) for line in thick] == [[0, 2.5], [0, 1.5]]
    circles = [line for line in panel.get_lines() if line.get_marker() == "o"]
    assert [sorted(line.get_xdata()) for line in circles] == [[2, 3], [1, 2]]


def test_published_explanations_are_those_of_what_a_method_is_not_of_its_name():
    frame = read_published(PUBLISHED)
    names = {"lime": "kernelshap", "mine": "lime", "kernelshap": "input_x_gradient"}
    rows = match_published(frame, "mistralai/Mistral-7B-v0.1", "boolq", names)
    own = match_published(frame, "mistralai/Mistral-7B-v0.1", "boolq", OWN_NAMES)
    assert rows is not None and own is not None
    assert rows["sufficiency_lime"].equals(own["sufficiency_kernelshap"], check_names=False)
    assert rows["comprehensiveness_mine"].equals(own["comprehensiveness_lime"], check_names=False)
    assert not [name for name in rows.columns if name.endswith("_kernelshap")]
    assert rows["accuracy"].equals(own["accuracy"])


METHODS_AND_CONTROLS = [
    (("guess", "lime"), ("guess",)),  # a control of another name
    (("guess", "lime", "zero"), ("guess", "zero")),  # several
    (("lime", "random"), ()),  # a method that is called random
    (("lime", "random"), ("lime",)),  # a control that is called lime
]


@pytest.mark.parametrize(("names", "controls"), METHODS_AND_CONTROLS)
def test_figures_tell_controls_by_their_role(names, controls):
    tables = synthetic.cell(methods=names, controls=controls)
    methods = [name for name in names if name not in controls]
    assert (tables.methods, tables.controls) == (methods, list(controls))
    shown = {f"{name} (control)" for name in controls}
    for figure in ("faithfulness", "curves"):
        drawn = draw(figure, tables)
        labels = {text.get_text() for legend in drawn.legends for text in legend.get_texts()}
        assert {label for label in labels if label.endswith("(control)")} == shown, figure
        assert not any(
            label.startswith(f"{name}, reversed") for label in labels for name in controls
        )
        for name in methods:
            assert method_name(name) in labels, figure
    for figure in ("drift", "overlap"):
        drawn = draw(figure, tables)
        texts = [panel.get_title(loc="left") for panel in drawn.axes]
        texts += [text.get_text() for legend in drawn.legends for text in legend.get_texts()]
        for name in names:
            said = any(text.startswith(f"{method_name(name)}") for text in texts)
            assert said == (name in methods), (figure, name)


@pytest.mark.parametrize(("names", "controls"), METHODS_AND_CONTROLS)
def test_means_over_methods_leave_controls_out(names, controls):
    metrics = synthetic.cell(methods=names, controls=controls).metrics
    judged = metrics.filter(
        pl.col("method").is_in([name for name in names if name not in controls]),
        metric="comprehensiveness_study", ranking="method", operator="retokenise", level=0,
    )  # fmt: skip
    found = means(synthetic.with_cell(metrics, "m", "o", "t"), "comprehensiveness_study")
    assert found.filter(level=0)["value"].item() == pytest.approx(judged["value"].mean())


def test_the_swap_is_the_mean_over_examples_and_seeds_of_a_pair_of_levels():
    rows = [
        {"explaining": 0, "judging": 2, "example_id": name, "seed": seed, "faithfulness": value}
        for name, seed, value in (("a", 0, 0.2), ("a", 1, 0.4), ("b", 0, 0.9), ("b", 1, None))
    ]
    found = mean_by_pair(synthetic.table(rows, synthetic.SWAP), (0, 2))
    np.testing.assert_allclose(found, [[np.nan, 0.5], [np.nan, np.nan]])


def test_methods_lie_between_chance_and_the_best_order():
    panel = draw("segment_curves", synthetic.cell()).axes[0]
    drawn = {line.get_label(): np.asarray(line.get_ydata()) for line in panel.lines}
    assert {"best", "chance", "LIME", "KernelSHAP"} <= set(drawn) and "random" not in drawn
    for name in ("LIME", "KernelSHAP"):
        assert (drawn["chance"] <= drawn[name]).all() and (drawn[name] <= drawn["best"]).all()


def test_quantities_without_rows_of_a_method_do_not_list_it():
    """An exact explanation has no token scores; this is not a dense value close to 0."""
    tables = synthetic.cell(methods=("lime", "shapley"))
    of_tokens = pl.col("metric").is_in(["r_precision"]) & (pl.col("method") == "shapley")
    figure = draw("change", replace(tables, metrics=tables.metrics.filter(~of_tokens)))
    said = [text.get_text() for axes in figure.axes for text in axes.texts]
    assert not any("Shapley" in text for text in said)
