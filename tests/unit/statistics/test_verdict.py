import polars as pl
import pytest

from keepfaith.artifacts.schemas import METRICS, VERDICT
from keepfaith.statistics.verdict import nothing_to_lose, summary, verdict

MARGINS = {"accuracy": 0.02, "ece": 0.02}
ACCURACY = {"accuracy": 0.02}
ECE = {"ece": 0.02}
UNEXPLAINED = (
    "it was not measured: no attribution method under test was run, or no prompt is long enough for a fraction of its "
    "tokens"
)


def metrics(*rows: dict) -> pl.DataFrame:
    """METRICS with only the given columns filled."""
    return pl.DataFrame(list(rows), schema=dict(METRICS.columns))


def row(level, metric, change, low, high, p_value, **names):
    """A row whose interval is as wide at each of Holm's confidences, of up to four levels."""
    return {
        "level": level,
        "metric": metric,
        "value": 0.5,
        "change": change,
        "change_low": low,
        "change_high": high,
        "p_value": p_value,
        "holm_low": None if low is None else [low] * 4,
        "holm_high": None if high is None else [high] * 4,
        **names,
    }


def statuses(table: pl.DataFrame) -> list[str]:
    return table["status"].to_list()


def test_a_small_loss_within_the_margin_is_kept_even_if_it_is_certain():
    table = verdict(metrics(row(1, "accuracy", -0.01, -0.015, -0.005, 0.0001)), ACCURACY)
    assert statuses(table) == ["kept"]
    assert table.row(0, named=True)["harm"] == pytest.approx(0.01)
    assert table.row(0, named=True)["harm_low"] == pytest.approx(0.005)
    assert table.row(0, named=True)["harm_high"] == pytest.approx(0.015)


def test_a_certain_loss_beyond_the_margin_is_degraded():
    assert statuses(verdict(metrics(row(1, "accuracy", -0.1, -0.15, -0.05, 0.001)), ACCURACY)) == [
        "degraded"
    ]


def test_a_large_but_uncertain_loss_is_undecided():
    table = verdict(metrics(row(1, "accuracy", -0.1, -0.25, 0.05, 0.2)), ACCURACY)
    assert statuses(table) == ["undecided"]


@pytest.mark.parametrize("change", [-0.015, -0.024])
def test_a_certain_loss_that_may_lie_on_either_side_of_the_margin_is_harmed(change):
    """Whether its estimate exceeds the margin does not matter: at a harm of .9 margins it often does by chance."""
    table = verdict(metrics(row(1, "accuracy", change, -0.035, -0.005, 0.001)), ACCURACY)
    assert statuses(table) == ["harmed"]
    assert table["reason"].to_list() == [None]


def test_a_loss_beyond_the_margin_whose_test_does_not_pass_is_undecided():
    table = verdict(metrics(row(1, "accuracy", -0.3, -0.4, -0.2, 0.06)), ACCURACY)
    assert statuses(table) == ["undecided"]


def test_an_improvement_is_no_harm():
    better = row(1, "accuracy", 0.1, 0.05, 0.15, 0.0001)
    lower = row(1, "ece", -0.1, -0.15, -0.05, 0.0001)
    table = verdict(metrics(better, lower), MARGINS)
    assert statuses(table) == ["kept", "kept"]
    assert table["harm"].to_list() == pytest.approx([-0.1, -0.1])
    assert all(p > 0.99 for p in table["p_value"])


def test_a_rise_of_ece_is_harm():
    assert statuses(verdict(metrics(row(2, "ece", 0.1, 0.05, 0.15, 0.001)), ECE)) == ["degraded"]


def test_holm_counts_the_levels_of_one_quantity():
    # The interval ends beyond the margin of .02: its width is not what decides here.
    rows = [row(level, "accuracy", -0.1, -0.175, -0.025, 0.03) for level in range(1, 5)]
    assert statuses(verdict(metrics(rows[0]), ACCURACY)) == ["degraded"]
    table = verdict(metrics(*rows), ACCURACY)
    assert statuses(table) == ["undecided"] * 4
    assert table["p_value"].to_list() == pytest.approx([0.06] * 4)
    other = row(1, "ece", 0.1, 0.025, 0.175, 0.03)
    assert "degraded" in statuses(verdict(metrics(*rows, other), MARGINS))


def test_harm_beyond_the_margin_is_corrected_over_the_levels_step_by_step():
    """Lower ends at confidences 1 - .05 / 1, / 2, / 3: level 3 passes at once, then level 2, level 1 never."""

    def of(level, *ends):
        steps = {"holm_low": [-0.5] * 3, "holm_high": [-end for end in ends]}
        return row(level, "accuracy", -0.2, -0.5, -ends[0], 1e-4) | steps

    levels = [of(1, 0.019, 0.018, 0.017), of(2, 0.03, 0.021, 0.01), of(3, 0.2, 0.15, 0.1)]
    assert statuses(verdict(metrics(*levels), ACCURACY)) == ["harmed", "degraded", "degraded"]
    without_third = [levels[0], levels[1], of(3, 0.2, 0.15, 0.01)]
    assert statuses(verdict(metrics(*without_third), ACCURACY)) == ["harmed"] * 3


@pytest.mark.parametrize(
    ("quantity", "metric", "sign", "texts", "status"),
    [
        ("brier", "brier", 1, 367, "undecided"),
        ("brier", "brier", 1, 368, "kept"),
        ("comprehensiveness", "comprehensiveness_study", -1, 71, "undecided"),
        ("comprehensiveness", "comprehensiveness_study", -1, 72, "kept"),
        ("accuracy", "accuracy", -1, 6, "kept"),
        ("ece", "ece", 1, 6, "kept"),
    ],
)
def test_nothing_is_kept_with_texts_too_few_to_show_a_rare_large_harm(
    quantity, metric, sign, texts, status
):
    """ln(.025) / ln(1 - .02 / 2) = 367.04, ln(.025) / ln(1 - .05) = 71.9; score intervals allow for what is unseen."""
    names = {"method": "lime", "role": "method", "operator": "delete", "ranking": "method"}
    explained = names if quantity == "comprehensiveness" else {}
    small = row(1, metric, sign * 0.001, -0.005, 0.005, 0.5, clusters=texts, **explained)
    margin = 0.05 if explained else 0.02
    (found,) = verdict(metrics(small), {quantity: margin}).rows(named=True)
    assert found["status"] == status
    if quantity == "comprehensiveness" and texts == 71:
        assert found["reason"] == (
            "too few texts: 71 independent ones, at least 72 are needed; a loss of 1, the largest that is allowed for, "
            "in 5 % of all texts is 0.05 in the mean, and with probability 0.03 no such text is among these"
        )
    wide = row(1, metric, sign * 0.001, -0.2, 0.2, 0.5, clusters=texts, **explained)
    (found,) = verdict(metrics(wide), {quantity: margin}).rows(named=True)
    assert (found["status"], found["reason"]) == ("undecided", None)


def test_harm_may_be_shown_with_texts_too_few_to_exclude_it():
    few = row(1, "brier", 0.01, 0.005, 0.015, 1e-4, clusters=40)
    (found,) = verdict(metrics(few), {"brier": 0.02}).rows(named=True)
    assert found["status"] == "harmed"
    assert found["reason"].startswith("too few texts: 40 independent ones, at least 368 are needed")
    beyond = row(1, "brier", 0.1, 0.05, 0.15, 1e-4, clusters=40)
    assert statuses(verdict(metrics(beyond), {"brier": 0.02})) == ["degraded"]


def test_the_dense_level_is_not_judged():
    dense = row(0, "accuracy", 0.0, None, None, None)
    table = verdict(metrics(dense, row(1, "accuracy", 0.0, 0.0, 0.0, 1.0)), ACCURACY)
    assert table["level"].to_list() == [1]
    assert list(table.columns) == list(VERDICT.columns)


def test_faithfulness_is_judged_per_method_by_the_studys_operator_and_not_for_controls():
    def explained(
        method,
        operator="retokenise",
        ranking="method",
        metric="comprehensiveness_study",
        role="method",
    ):
        names = {"method": method, "role": role, "operator": operator, "ranking": ranking}
        return row(1, metric, -0.2, -0.3, -0.1, 0.001, **names)

    table = metrics(
        explained("lime"),
        explained("kernelshap"),
        explained("chance", role="control"),
        explained("lime", operator="delete"),
        explained("lime", ranking="reversed"),
        explained("lime", metric="comprehensiveness_eraser"),
        explained("lime", metric="sufficiency_study"),
    )
    found = verdict(table, {"comprehensiveness": 0.05, "sufficiency": 0.05})
    assert found.select("quantity", "method", "status").rows() == [
        ("comprehensiveness", "kernelshap", "degraded"),
        ("comprehensiveness", "lime", "degraded"),
        ("sufficiency", "lime", "kept"),
    ]
    only_delete = verdict(
        metrics(explained("lime", operator="delete")), {"comprehensiveness": 0.05}
    )
    assert only_delete.height == 1


def test_no_pruned_level_gives_an_empty_verdict_that_cannot_be_summed_up():
    table = verdict(metrics(row(0, "accuracy", 0.0, None, None, None)), MARGINS)
    assert table.is_empty()
    with pytest.raises(ValueError, match="no row"):
        summary(table)


def test_it_says_which_probabilities_it_judges():
    explained = {"method": "lime", "role": "method", "ranking": "method"}
    rows = metrics(
        row(1, "accuracy", -0.01, -0.015, -0.005, 0.0001),
        row(1, "segment_faithfulness", -0.01, -0.015, -0.005, 0.0001, **explained),
    )
    for unit in ("sum", "byte"):
        table = verdict(rows, {"accuracy": 0.02, "faithfulness": 0.1}, probabilities=unit)
        found = dict(table.select("quantity", "probabilities").unique().iter_rows())
        assert found == {"accuracy": unit, "faithfulness": None}


def test_an_unknown_quantity_is_refused():
    with pytest.raises(ValueError, match="no quantity 'speed' is judged"):
        verdict(metrics(), {"speed": 0.1})


def table_of(**statuses_by_quantity: str) -> pl.DataFrame:
    """VERDICT from one letter per level (k, u, h, d); harms grow with the level."""
    names = {"k": "kept", "u": "undecided", "h": "harmed", "d": "degraded"}
    rows = [
        {
            "level": level,
            "quantity": quantity,
            "harm": level * margin * 2,
            "margin": margin,
            "status": names[letter],
        }
        for margin, (quantity, letters) in zip(
            (0.02, 0.01), statuses_by_quantity.items(), strict=False
        )
        for level, letter in enumerate(letters, start=1)
    ]
    return pl.DataFrame(rows, schema=dict(VERDICT.columns))


@pytest.mark.parametrize(
    ("accuracy", "ece", "clear", "safe", "breaks_at", "first"),
    [
        ("kkkk", "kkkk", 4, 4, None, ()),
        ("kkkk", "kkud", 3, 2, 4, ("ece",)),
        ("kudd", "kkdd", 2, 1, 3, ("accuracy", "ece")),
        ("dkkk", "kkkk", 0, 0, 1, ("accuracy",)),
        ("uuuu", "kkkk", 4, 0, None, ()),
        ("kuku", "kkkk", 4, 1, None, ()),
        ("khhd", "kkkk", 3, 1, 4, ("accuracy",)),
    ],
)
def test_summary(accuracy, ece, clear, safe, breaks_at, first):
    found = summary(table_of(accuracy=accuracy, ece=ece))
    assert (found.deepest, found.clear, found.safe, found.breaks_at) == (4, clear, safe, breaks_at)
    assert tuple(name for name, _ in found.breaks_first) == first


def test_every_degraded_level_is_named():
    assert summary(table_of(accuracy="dkkd", ece="kkuk")).degraded_at == (1, 4)


def test_harmed_levels_are_those_where_nothing_worse_is_shown():
    assert summary(table_of(accuracy="hkhd", ece="kkdk")).harmed_at == (1,)


def test_a_quantity_that_is_missing_at_a_level_is_undecided_there():
    rows = [
        *(row(level, "accuracy", 0.0, -0.001, 0.001, 1.0) for level in (1, 2, 3)),
        row(1, "ece", 0.0, -0.001, 0.001, 1.0),
        row(2, "ece", None, None, None, None),
    ]
    table = verdict(metrics(*rows), MARGINS)
    of_ece = table.filter(quantity="ece")
    assert of_ece.select("level", "status").rows() == [
        (1, "kept"), (2, "undecided"), (3, "undecided"),
    ]  # fmt: skip
    assert of_ece["reason"].to_list()[0] is None
    assert "no value" in of_ece["reason"].to_list()[1]
    assert summary(table).safe == 1


def test_without_a_dense_level_nothing_is_decided():
    table = verdict(metrics(row(1, "accuracy", None, None, None, None)), ACCURACY)
    assert statuses(table) == ["undecided"]
    assert summary(table).safe == 0


def test_a_row_that_was_left_out_of_a_verdict_does_not_count_as_kept():
    table = table_of(accuracy="kkk", ece="kkk").filter(
        ~((pl.col("level") == 2) & (pl.col("quantity") == "ece"))
    )
    assert summary(table).safe == 1


def test_fewer_than_six_independent_texts_decide_nothing_and_say_so():
    few = row(1, "accuracy", 0.0, None, None, None, examples=60, clusters=5)
    (found,) = verdict(metrics(few), ACCURACY).rows(named=True)
    assert found["status"] == "undecided"
    assert found["reason"] == (
        "60 examples rest on 5 independent texts, at least 6 are needed (passage: none in the task or the import says "
        "that they are independent)"
    )
    assert (found["examples"], found["clusters"]) == (60, 5)


@pytest.mark.parametrize(("change", "p_value"), [(0.0, 1.0), (-0.3, 0.0001)])
def test_fewer_than_six_independent_texts_decide_nothing_even_where_an_interval_is_given(
    change, p_value
):
    few = row(1, "accuracy", change, change, change, p_value, examples=60, clusters=5)
    assert statuses(verdict(metrics(few), ACCURACY)) == ["undecided"]


def test_a_quantity_that_was_never_measured_is_undecided_at_every_level():
    """It has a margin, so somebody asked for it: without rows nothing about it is shown to be kept."""
    accuracy = [row(level, "accuracy", 0.0, -0.001, 0.001, 1.0) for level in (1, 2)]
    table = verdict(metrics(*accuracy), {**MARGINS, "sufficiency": 0.05})
    assert table.filter(quantity="ece").select("level", "status", "reason").rows() == [
        (1, "undecided", "it was not measured"),
        (2, "undecided", "it was not measured"),
    ]
    assert (
        table.filter(quantity="sufficiency").select("method", "reason").rows()
        == [(None, UNEXPLAINED)] * 2
    )
    assert summary(table).safe == 0


def test_texts_too_few_for_so_many_levels_are_named():
    """2^-6 = .0156 passes at one level and not, times 2, at two; the test of ECE knows no such bound."""

    def at(levels, metric):
        sign = -1 if metric == "accuracy" else 1
        return verdict(
            metrics(
                *(
                    row(
                        k,
                        metric,
                        sign * 0.3,
                        *sorted((sign * 0.2, sign * 0.4)),
                        2 * 2**-6,
                        clusters=6,
                    )
                    for k in levels
                )
            ),
            {metric: 0.02},
        )

    assert statuses(at([1], "accuracy")) == ["degraded"]
    assert at([1], "accuracy")["reason"].to_list() == [None]
    assert (
        at([1, 2], "accuracy")["reason"].to_list()
        == ["6 independent texts can show no harm at 2 levels"] * 2
    )
    assert at([1, 2], "ece")["reason"].to_list() == [None] * 2


@pytest.mark.parametrize(
    ("roles", "judged"),
    [
        ({"chance": "control", "lime": "method"}, ["lime"]),
        ({"random": "method", "lime": "control"}, ["random"]),
        ({"a": "control", "b": "method", "c": "control", "random": "method"}, ["b", "random"]),
    ],
)
def test_what_is_judged_follows_from_the_role_not_from_the_name(roles, judged):
    table = metrics(
        *(
            row(
                1, "comprehensiveness_study", -0.2, -0.3, -0.1, 0.001,
                method=method, role=role, operator="delete", ranking="method",
            )
            for method, role in roles.items()
        )
    )  # fmt: skip
    assert verdict(table, {"comprehensiveness": 0.05})["method"].to_list() == judged


@pytest.mark.parametrize(
    ("quantity", "metric", "dense", "low", "high", "sign", "room"),
    [
        ("accuracy", "accuracy", 0.56, 0.55, 0.55, -1, 0.01),
        ("accuracy", "accuracy", 0.40, 0.55, 0.55, -1, -0.15),
        ("comprehensiveness", "comprehensiveness_study", 0.0435, -0.001, 0.0018, -1, 0.0417),
        ("sufficiency", "sufficiency_study", 0.10, 0.13, 0.15, 1, 0.03),
    ],
)
def test_what_is_lost_whole_is_not_kept(quantity, metric, dense, low, high, sign, room):
    """Where the margin holds all that the dense model has above chance, "kept" would say nothing."""
    names = {"role": "method", "operator": "delete", "ranking": "method"}
    if quantity != "accuracy":
        names["method"] = "lime"
    reference = {"reference_low": low, "reference_high": high}
    margin = max(1.01 * room, 0.01)
    rows = [
        row(0, metric, 0.0, None, None, None, **names) | reference | {"value": dense},
        row(1, metric, sign * margin / 2, -margin, margin, 1.0, **names),
        row(2, metric, sign * 3 * margin, sign * 2 * margin, sign * 4 * margin, 1e-4, **names),
        row(3, metric, sign * margin, -margin, 3 * margin, 1.0, **names),
    ]
    rows = [each | {"examples": 300, "clusters": 300} for each in rows]
    table = verdict(metrics(*rows), {quantity: margin})
    assert statuses(table) == ["undecided", "degraded", "undecided"]
    assert table["advantage"].to_list() == pytest.approx([room] * 3)
    assert table.filter(nothing_to_lose()).height == 3
    assert table["enough"].null_count() == 3, "no number of texts shows it to be kept"
    how_much = (
        f"{room:.4f} better than chance by estimate, within" if room > 0 else "no better than"
    )
    assert how_much in table["reason"][0] and how_much in table["reason"][2]
    assert table["reason"][1] is None
    if room > 0:
        smallest = verdict(metrics(*rows), {quantity: 0.99 * room})
        assert statuses(smallest) != ["undecided"] * 3
        assert not smallest.filter(nothing_to_lose()).height
        assert smallest["enough"].null_count() == 0
        smaller = [dict(each) for each in rows]
        smaller[1] |= {"change": 0.0, "change_low": -room / 9, "change_high": room / 9}
        assert statuses(verdict(metrics(*smaller), {quantity: room / 2}))[0] == "kept"
