"""Levels of the second study against the same levels of the first: paired over examples where these match.

A level of the first study takes the place of the dense level, and that of the second the place of a pruned one. So
every difference, interval and status is what the verdict of a study with this one level would say, by the same code.
"""

from dataclasses import dataclass, replace

import polars as pl

from keepfaith.artifacts.schemas import (
    COMPARISON,
    EXAMPLES,
    EXPLANATIONS,
    METHOD,
    METRICS,
    PREDICTIONS,
)
from keepfaith.artifacts.tables import conform, read_provenance, read_table
from keepfaith.comparison.cells import CellPair
from keepfaith.config.levels import level_words
from keepfaith.figures.labels import method_name
from keepfaith.plugins.quantity import judged_quantities
from keepfaith.scoring.left_out import without_left_out
from keepfaith.statistics.assemble import compute_metrics, under_all_groupings
from keepfaith.statistics.clusters import Grouping, group_examples
from keepfaith.statistics.coalition_metrics import known_everywhere
from keepfaith.statistics.comparison import MetricRow
from keepfaith.statistics.explanation_metrics import explained, groups_of, rows_of
from keepfaith.statistics.settings import Analysis
from keepfaith.statistics.verdict import KEPT, shown_operator, verdict

PAIRED, IDENTICAL, INDEPENDENT = "paired", "identical", "independent"
"""What an interval rests on: examples one by one, equal values of all of them, or the two values' own intervals."""

FIRST, SECOND = 0, 1
"""Levels that the two studies have in the frames that are compared."""


@dataclass(frozen=True)
class Judging:
    """How differences are judged: margins by quantity, the settings of all numbers."""

    margins: dict[str, float]
    analysis: Analysis


def compare_levels(pair: CellPair, judging: Judging) -> tuple[pl.DataFrame, list[str]]:
    """COMPARISON of two cells, one row per common level, quantity and method; and sentences on how they were matched.

    Raises:
        ValueError: the two have no level in common.
    """
    tables = [
        read_table(cell.table("predictions"), PREDICTIONS) for cell in (pair.first, pair.second)
    ]
    levels = sorted(set(tables[0]["level"]) & set(tables[1]["level"]))
    if not levels:
        raise ValueError(f"{pair.first.path} and {pair.second.path} have no level in common")
    notes = [
        f"{cell.path}, {cell.task}: levels {level_words(alone)} are in the {side} study alone and not compared."
        for side, cell, own in zip(
            ("first", "second"), (pair.first, pair.second), tables, strict=True
        )
        if (alone := sorted(set(own["level"]) - set(levels)))
    ]
    examples = [
        without_left_out(read_table(cell.examples, EXAMPLES), cell.table("predictions"))
        for cell in (pair.first, pair.second)
    ]
    common = matching_examples(*examples)
    evaluated = common.filter("evaluation")
    counts = (each.filter("evaluation").height for each in examples)
    notes.append(_matched(pair, evaluated.height, *counts))
    notes += _other_probabilities(pair, judging, paired=not evaluated.is_empty())
    if evaluated.is_empty():
        return pl.concat([_unpaired(pair, level) for level in levels]), notes
    # As the first study grouped all of its examples, of which a few may share a passage that most of these have.
    passage = read_provenance(pair.first.table("metrics")).settings.get("passage")
    grouping = group_examples(
        examples[0].filter("evaluation"), None if passage is None else str(passage)
    )
    explanations, missing = _explanations(pair, common)
    notes += missing
    rows = pl.concat(
        [
            _paired(pair, level, tables, evaluated, grouping, explanations, judging)
            for level in levels
        ]
    )
    return rows, notes + _not_compared(pair, rows, judging)


def matching_examples(first: pl.DataFrame, second: pl.DataFrame) -> pl.DataFrame:
    """EXAMPLES of the first study that the second has as well: same id, choices and label, and the same fields' texts.

    The prompt may differ, as a chat template changes it, and so may white space around a choice or a field: what is
    compared is what the models were asked about. They are evaluated, explained or used for tuning where both studies
    do so.
    """
    keys = ["example_id", "options", "label", "texts"]
    flags = ["evaluation", "explanation", "tuning"]
    own, other = (
        frame.with_columns(texts=_texts(frame)).with_columns(
            options=pl.col("options").list.eval(pl.element().str.strip_chars()).list.join("\x1f")
        )
        for frame in (first, second)
    )
    matched = own.select(*keys, *flags).join(other.select(*keys, *flags), on=keys, suffix="_other")
    both = matched.select(
        "example_id", *((pl.col(flag) & pl.col(f"{flag}_other")).alias(flag) for flag in flags)
    )
    return first.drop(flags).join(both, on="example_id").select(first.columns)


def _texts(examples: pl.DataFrame) -> pl.Series:
    """The texts of each example's fields, joined; the whole prompt where there are no fields."""
    found = [
        "\x1f".join(prompt[span["start"] : span["end"]].strip() for span in fields)
        or prompt.strip()
        for prompt, fields in examples.select("prompt", "fields").iter_rows()
    ]
    return pl.Series("texts", found, dtype=pl.String)


def _place(pair: CellPair) -> str:
    """Both paths and the task, as sentences begin."""
    return f"{pair.first.path} and {pair.second.path}, {pair.first.task}"


def _matched(pair: CellPair, common: int, first: int, second: int) -> str:
    place = _place(pair)
    if not common:
        return (
            f"{place}: no evaluated example is in both studies. Differences are not paired: their intervals go from "
            "end to end of the two values' intervals, and there is no status."
        )
    return (
        f"{place}: {common} evaluated examples are in both studies (of {first} and {second}); differences are over "
        "these, example by example."
    )


def _other_probabilities(pair: CellPair, judging: Judging, *, paired: bool) -> list[str]:
    """A sentence where a study judged other probabilities than the values beside each other are of."""
    own = [
        read_provenance(cell.table("metrics")).settings.get("probabilities")
        for cell in (pair.first, pair.second)
    ]
    place = _place(pair)
    if paired and any(each not in (None, judging.analysis.probabilities) for each in own):
        return [
            f"{place}: accuracy and calibration are those of probabilities by {judging.analysis.probabilities}, as the "
            f"study says that compares; the two studies judged those by {own[0]} and by {own[1]}."
        ]
    if not paired and own[0] != own[1]:
        return [
            f"{place}: accuracy and calibration of the first are those of probabilities by {own[0]}, of the second by "
            f"{own[1]}: not the same quantities."
        ]
    return []


def _explanations(
    pair: CellPair, common: pl.DataFrame
) -> tuple[list[pl.DataFrame] | None, list[str]]:
    """EXPLANATIONS of both cells over the common explained examples, and sentences on what is not compared.

    None if a study has none of these, or another game: other segments, or another way to remove them.
    """
    place = _place(pair)
    files = [cell.table("explanations") for cell in (pair.first, pair.second)]
    if not all(file.is_file() for file in files):
        return None, [f"{place}: one study has no explanations; faithfulness is not compared."]
    for setting in ("segments", "removal"):
        own = [read_provenance(file).settings.get(setting) for file in files]
        if own[0] != own[1]:
            return None, [
                f"{place}: {setting} is {own[0]} in the first study and {own[1]} in the second; faithfulness is not "
                "compared."
            ]
    ids = common.filter("explanation")["example_id"].to_list()
    found = [
        read_table(file, EXPLANATIONS).filter(pl.col("example_id").is_in(ids)) for file in files
    ]
    if any(each.is_empty() for each in found):
        return None, [
            f"{place}: no explained example is in both studies; faithfulness is not compared."
        ]
    first, second = (set(each["method"]) for each in found)
    alone = sorted(first ^ second)
    return found, (
        [f"{place}: {', '.join(map(method_name, alone))} in one study alone, not compared."]
        if alone
        else []
    )


def _not_compared(pair: CellPair, rows: pl.DataFrame, judging: Judging) -> list[str]:
    """A sentence on quantities that both studies have values of, and that no row compares."""
    metrics = [
        set(read_table(cell.table("metrics"), METRICS)["metric"])
        for cell in (pair.first, pair.second)
    ]
    reasons: dict[str, list[str]] = {}
    for name, quantity in judged_quantities().items():
        if name in set(rows["quantity"]) or not all(quantity.metric in each for each in metrics):
            continue
        if quantity.protocol == "study":
            reason = "of the study's protocol, which is not compared example by example"
        elif name not in judging.margins:
            reason = "without a margin in the study that compares"
        else:
            continue  # said already, with the reason
        reasons.setdefault(reason, []).append(quantity.label)
    place = _place(pair)
    return [f"{place}: {', '.join(names)}: {reason}." for reason, names in reasons.items()]


def _paired(
    pair: CellPair,
    level: int,
    predictions: list[pl.DataFrame],
    examples: pl.DataFrame,
    grouping: Grouping,
    explanations: list[pl.DataFrame] | None,
    judging: Judging,
) -> pl.DataFrame:
    ids = examples["example_id"].to_list()
    asked = _as_two_levels(predictions, level).filter(pl.col("example_id").is_in(ids))
    metrics = compute_metrics(asked, examples, [], [], grouping, judging.analysis)
    alike = [_alike(asked, ["example_id", "option"], "log_likelihood")]
    if explanations is not None:
        of_methods = _shared(_as_two_levels(explanations, level))
        rows = _faithfulness(of_methods, grouping, judging.analysis)
        metrics = pl.concat([metrics, rows])
        alike.append(_alike(of_methods, ["method", "seed", "example_id"], "faithfulness"))
    judged = verdict(
        metrics,
        {name: margin for name, margin in judging.margins.items() if _measured(name, metrics)},
        confidence=judging.analysis.confidence,
        explained=explanations is not None,
        probabilities=judging.analysis.probabilities,
    )
    values = _with_quantities(metrics)
    first, second = (values.filter(pl.col("level") == at) for at in (FIRST, SECOND))
    on = ["quantity", "method"]
    joined = (
        second.select(*on, "value", "examples", "clusters", "change", "change_low", "change_high")
        .join(first.select(*on, first="value"), on=on, nulls_equal=True)
        .join(judged.select(*on, "status", "margin"), on=on, nulls_equal=True)
    )
    # Equal values leave nothing to estimate; a score interval would have a width all the same.
    same = (
        pl.lit(alike[0]) & pl.col("method").is_null()
        | pl.lit(alike[-1]) & pl.col("method").is_not_null()
    )
    joined = joined.with_columns(
        basis=pl.when(same).then(pl.lit(IDENTICAL)).otherwise(pl.lit(PAIRED)),
        status=pl.when(same).then(pl.lit(KEPT)).otherwise("status"),
        **{
            name: pl.when(same).then(0.0).otherwise(name)
            for name in ("change", "change_low", "change_high")
        },
    )
    return _rows(pair, level, joined.rename({"value": "second"}))


def _with_quantities(metrics: pl.DataFrame) -> pl.DataFrame:
    """Rows of judged quantities, with the quantity's name."""
    names = {quantity.metric: name for name, quantity in judged_quantities().items()}
    named = metrics.with_columns(quantity=pl.col("metric").replace_strict(names, default=None))
    return named.filter(pl.col("quantity").is_not_null())


def _as_two_levels(frames: list[pl.DataFrame], level: int) -> pl.DataFrame:
    """That level of both studies as levels `FIRST` and `SECOND` of one table."""
    return pl.concat(
        [
            frame.filter(pl.col("level") == level).with_columns(level=pl.lit(at, dtype=pl.Int64))
            for at, frame in zip((FIRST, SECOND), frames, strict=True)
        ]
    )


def _alike(frame: pl.DataFrame, keys: list[str], value: str) -> bool:
    """Whether both studies have the same values."""
    first, second = (
        frame.filter(level=at).sort(keys).select(*keys, value) for at in (FIRST, SECOND)
    )
    return first.equals(second)


def _shared(explanations: pl.DataFrame) -> pl.DataFrame:
    """Explanations by methods and seeds that both studies have, of examples that both explain."""
    keys = ["method", "role", "seed", "example_id"]
    counts = explanations.group_by(keys).agg(pl.col("level").n_unique())
    return explanations.join(counts.filter(pl.col("level") == 2).drop("level"), on=keys)


def _faithfulness(
    explanations: pl.DataFrame, grouping: Grouping, analysis: Analysis
) -> pl.DataFrame:
    """METRICS of faithfulness per method, over examples that some order of the segments explains in both studies."""
    known = known_everywhere(explanations, "faithfulness")

    def under(grouping: Grouping) -> list[MetricRow]:
        rows = []
        for (method, role), group in groups_of(known, "method", "role"):
            found = explained(group, "faithfulness", grouping, analysis)
            numbers = [
                replace(each, reference_low=0.0, reference_high=0.0) for each in found.numbers()
            ]
            names = {"method": method, "role": role}
            rows += rows_of(found, numbers, "coalitions", "segment_faithfulness", names)
        return rows

    return under_all_groupings(under, grouping)


def _measured(quantity: str, metrics: pl.DataFrame) -> bool:
    return judged_quantities()[quantity].metric in set(metrics["metric"])


def _unpaired(pair: CellPair, level: int) -> pl.DataFrame:
    """Values of both studies, each with its own examples: no difference is tested."""
    first, second = (
        _with_quantities(_as_shown(read_table(cell.table("metrics"), METRICS)))
        .filter(pl.col("level") == level)
        .select("quantity", "method", "value", "low", "high", "examples", "clusters")
        for cell in (pair.first, pair.second)
    )
    joined = second.join(first, on=["quantity", "method"], suffix="_first", nulls_equal=True)
    return _rows(
        pair,
        level,
        joined.select(
            "quantity",
            "method",
            "examples",
            "clusters",
            first="value_first",
            second="value",
            change=pl.col("value") - pl.col("value_first"),
            change_low=pl.col("low") - pl.col("high_first"),
            change_high=pl.col("high") - pl.col("low_first"),
            status=pl.lit(None, dtype=pl.String),
            margin=pl.lit(None, dtype=pl.Float64),
            basis=pl.lit(INDEPENDENT),
        ),
    )


def _as_shown(metrics: pl.DataFrame) -> pl.DataFrame:
    """Rows of methods, not of controls or reversed rankings, under the operator that a verdict judges."""
    operator = shown_operator(metrics)
    return metrics.filter(
        pl.col("role").is_null() | (pl.col("role") == METHOD),
        pl.col("ranking").fill_null("method").is_in(["method", ""]),
        pl.col("operator").is_null() | pl.col("operator").is_in([operator or "", ""]),
    )


def _rows(pair: CellPair, level: int, found: pl.DataFrame) -> pl.DataFrame:
    order = {name: number for number, name in enumerate(judged_quantities())}
    table = found.with_columns(
        task=pl.lit(pair.first.task),
        first_model=pl.lit(pair.first.model),
        first_order=pl.lit(pair.first.order),
        second_model=pl.lit(pair.second.model),
        second_order=pl.lit(pair.second.order),
        level=pl.lit(level, dtype=pl.Int64),
    ).rename({"change": "difference", "change_low": "low", "change_high": "high"})
    ranked = table.sort(
        pl.col("quantity").replace_strict(order, return_dtype=pl.Int64),
        "method",
        maintain_order=True,
    )
    return conform(ranked.select(list(COMPARISON.columns)), COMPARISON)
