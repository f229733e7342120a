"""What follows from scores: metrics, curves and verdicts."""

import polars as pl

from keepfaith.artifacts.schemas.declaration import TableSchema

METRICS = TableSchema(
    "metrics",
    5,
    "One quantity at one level. `low`..`high`: interval of the value over examples (95 % unless the study says "
    "otherwise); for `ece`, `ece_corrected` and `exact_calibration_error` the interval of the true binned error that "
    "the labels give. Null where a bootstrap would mislead. `seed_low`..`seed_high`: mean -+ one standard deviation "
    "of the per-seed means. `reference_low`..`reference_high`: values by chance: the null band of a "
    "calibrated model (calibration), guessing or the best answer that is always the same (accuracy), the span of the "
    "controls' intervals (faithfulness), chance (R-precision, coalitions, overlaps); for `exact_calibration_error` the "
    "range of ECE over labels drawn from the exact posterior, for `conformal_coverage` the range of examples that are "
    "exchangeable with the tuning examples. "
    "`<metric>_beyond_controls`: how much better than the closest control or its own reversed ranking, example by "
    "example. `change`: value minus the dense value, with its paired interval and two-sided p-value of no change; "
    "of an effect, which is a change already, the value, as of flips, a KL divergence, a silent change, `nll_lost` and "
    "`nll_repairable`, the two parts of the rise of NLL. `holm_low`, `holm_high`: ends of that interval at the "
    "confidences of Holm's correction over K pruned levels, 1 - alpha / 1, ..., 1 - alpha / K. `curve_low`, "
    "`curve_high`: at the fixed confidences .2, .4, .6, .8, .9, .95, .98, .99, .998, .9998, from which p-values for "
    "any margin follow; those of means are beyond .95 no narrower than t intervals without skewness. `examples` differ "
    "between the levels of an effect or a drift; those of `temperature` are the tuning examples. Rows of predictions "
    "are about the probabilities that the study judges (`calibration.probabilities`), except `_by_sum`, `_by_token`, "
    "`_by_byte` and `_by_character`. "
    "`clusters`: number of independent texts among the examples, the units of resampling; examples that share the text "
    "of `cluster_field` (or the whole prompt) are one. With fewer than 6 there is no interval and no p-value.",
    {
        "level": pl.Int64,
        "family": pl.String,
        "metric": pl.String,
        "method": pl.String,
        "role": pl.String,
        "operator": pl.String,
        "ranking": pl.String,
        "value": pl.Float64,
        "low": pl.Float64,
        "high": pl.Float64,
        "seed_low": pl.Float64,
        "seed_high": pl.Float64,
        "reference_low": pl.Float64,
        "reference_high": pl.Float64,
        "change": pl.Float64,
        "change_low": pl.Float64,
        "change_high": pl.Float64,
        "p_value": pl.Float64,
        "holm_low": pl.List(pl.Float64),
        "holm_high": pl.List(pl.Float64),
        "curve_low": pl.List(pl.Float64),
        "curve_high": pl.List(pl.Float64),
        "examples": pl.Int64,
        "clusters": pl.Int64,
        "cluster_field": pl.String,
    },
)

RELIABILITY = TableSchema(
    "reliability",
    1,
    "One confidence bin of one level: number of examples, mean confidence and accuracy (null where empty).",
    {
        "level": pl.Int64,
        "bin": pl.Int64,
        "lower": pl.Float64,
        "upper": pl.Float64,
        "count": pl.Int64,
        "confidence": pl.Float64,
        "accuracy": pl.Float64,
    },
)

CURVES = TableSchema(
    "curves",
    2,
    "Mean comprehensiveness or sufficiency at one fraction, over examples and seeds; `seed_sd` is the standard "
    "deviation of the per-seed means.",
    {
        "level": pl.Int64,
        "method": pl.String,
        "role": pl.String,
        "ranking": pl.String,
        "operator": pl.String,
        "kind": pl.String,
        "fraction": pl.Float64,
        "value": pl.Float64,
        "seed_sd": pl.Float64,
        "examples": pl.Int64,
        "clusters": pl.Int64,
    },
)

OVERLAP = TableSchema(
    "overlap",
    2,
    "Mean share of the `top` highest-scored features that two levels have in common (scores summed over seeds). "
    "`floor` is the same share between seeds of one level, averaged over the two levels, where the method is "
    "seeded; `chance` is the expected share of random rankings.",
    {
        "method": pl.String,
        "role": pl.String,
        "top": pl.Int64,
        "level_a": pl.Int64,
        "level_b": pl.Int64,
        "overlap": pl.Float64,
        "floor": pl.Float64,
        "chance": pl.Float64,
        "examples": pl.Int64,
        "clusters": pl.Int64,
    },
)

VERDICT = TableSchema(
    "verdict",
    5,
    "One watched quantity at one pruned level: `harm` is the change in its harmful direction (positive is worse than "
    "dense) with its interval, against `margin`. `beyond_margin`: the confidence that the harm exceeds the margin, "
    "read off the interval's ends at all confidences (no posterior); null without an interval. `advantage`: of the "
    "dense value over chance, positive if better, null where there is no chance to compare with; within the margin "
    "there is too little to lose, and nothing is called kept. `p_value`: one-sided, of harm above zero, after Holm "
    "over levels. "
    "`status`: kept (the interval's upper end lies within the margin, and there are enough independent texts), "
    "degraded (harm is shown to exceed the margin, after Holm over levels), harmed (harm is shown to exceed zero; "
    "whether it exceeds the margin is open), undecided (none of these). `reason`: why it is not kept, where the cause "
    "is not the width of the interval. `examples` and `clusters` as in METRICS. Power (`statistics.power`), null "
    "without an interval: `spread`, the standard deviation of one text's change, from the width of the interval; "
    "`decidable`, the smallest margin for which this many texts would call a level without harm kept in 80 % of "
    "samples; `detectable`, the smallest harm that they would show to exceed the margin in 80 %; `enough`, the number "
    "of independent texts from which the margin is decidable (null for a margin of 0, or with too little to lose). "
    "`probabilities`: what those of the quantity come from, the `sum` of a choice's log-likelihoods, or these per "
    "`token`, `byte` or `character`; null for explanations, which are about the sums.",
    {
        "level": pl.Int64,
        "quantity": pl.String,
        "method": pl.String,
        "harm": pl.Float64,
        "harm_low": pl.Float64,
        "harm_high": pl.Float64,
        "margin": pl.Float64,
        "beyond_margin": pl.Float64,
        "advantage": pl.Float64,
        "p_value": pl.Float64,
        "status": pl.String,
        "reason": pl.String,
        "examples": pl.Int64,
        "clusters": pl.Int64,
        "spread": pl.Float64,
        "decidable": pl.Float64,
        "detectable": pl.Float64,
        "enough": pl.Int64,
        "probabilities": pl.String,
    },
)

MISALIGNMENT = TableSchema(
    "misalignment",
    1,
    "Two one-sided tests at one pruned level. `direction`: accuracy_kept (is the accuracy shown to be kept and the "
    "quantity to be degraded?) or accuracy_degraded (the other way round). `harm` and `accuracy_harm`: changes in the "
    "harmful direction, against `margin` and `accuracy_margin`; a quantity that is shown and not judged has the margin "
    "of another. `p_kept`: of a harm of at least the margin, 1 where the verdict's floors never call it kept "
    "(`reason`); `p_degraded`: of a harm of at most the margin; `p_value`: the larger; `p_adjusted`: after Holm over "
    "all rows of the direction. `shown`: it passes (1 - confidence) / 2. Null without an interval.",
    {
        "level": pl.Int64,
        "quantity": pl.String,
        "method": pl.String,
        "direction": pl.String,
        "accuracy_harm": pl.Float64,
        "accuracy_margin": pl.Float64,
        "harm": pl.Float64,
        "margin": pl.Float64,
        "p_kept": pl.Float64,
        "p_degraded": pl.Float64,
        "p_value": pl.Float64,
        "p_adjusted": pl.Float64,
        "shown": pl.Boolean,
        "reason": pl.String,
    },
)

FLUCTUATION = TableSchema(
    "fluctuation",
    1,
    "How much the mean of one METRICS row moves from level to level, from the dense level to `last_level`, in `steps` "
    "steps. `movement`: the sum of squared steps without what noise adds (0 on average where nothing moves; it may be "
    "negative), in squared units. `p_value`: of no movement, by flipping the signs of whole examples, or of whole "
    "independent texts; no correction for several rows. `accuracy_movement`, `accuracy_p_value`: of the accuracy on "
    "the same examples. Null with fewer than 6 independent texts.",
    {
        "metric": pl.String,
        "method": pl.String,
        "last_level": pl.Int64,
        "steps": pl.Int64,
        "movement": pl.Float64,
        "p_value": pl.Float64,
        "accuracy_movement": pl.Float64,
        "accuracy_p_value": pl.Float64,
        "examples": pl.Int64,
        "clusters": pl.Int64,
    },
)

POOLED = TableSchema(
    "pooled",
    1,
    "One watched quantity at one pruned level, in the mean over the tasks of a model and order, as independent "
    "samples; no rows where a study has one task. `left_out`: null, or the task without which the same is computed "
    "(in studies of three tasks or more). `tasks`: number of tasks in the mean; `not_pooled`: the others, each with "
    "the reason. `harm`, its interval, `margin`, `status` and `reason` as in VERDICT; `clusters`: independent texts "
    "of all tasks in the mean. `heterogeneity`: p-value that all tasks in the mean have the same harm (Cochran's Q). "
    "`worst_task`: the task with the largest harm, whether in the mean or not, with that harm and its own status. "
    "`kept_tasks`: tasks with status kept, of the `measured_tasks` that have the quantity; `degraded_tasks`: tasks "
    "whose harm is shown to exceed the margin, after Holm over the tasks of that level.",
    {
        "level": pl.Int64,
        "quantity": pl.String,
        "method": pl.String,
        "left_out": pl.String,
        "tasks": pl.Int64,
        "not_pooled": pl.String,
        "harm": pl.Float64,
        "harm_low": pl.Float64,
        "harm_high": pl.Float64,
        "margin": pl.Float64,
        "status": pl.String,
        "reason": pl.String,
        "clusters": pl.Int64,
        "heterogeneity": pl.Float64,
        "worst_task": pl.String,
        "worst_harm": pl.Float64,
        "worst_status": pl.String,
        "kept_tasks": pl.Int64,
        "degraded_tasks": pl.Int64,
        "measured_tasks": pl.Int64,
    },
)

CAUTIONS = TableSchema(
    "cautions",
    1,
    "A caution about the numbers of an imported task, one sentence per row; no rows where there is none.",
    {"caution": pl.String},
)

COMPARISON = TableSchema(
    "comparison",
    1,
    "One judged quantity of two studies at the same level of a task. `difference`: second minus first; `low`..`high`: "
    "its interval. `basis`: `paired`, over the examples that both studies have, example by example, with the interval "
    "and the `status` against `margin` that a verdict would have if the first study were the dense model and this its "
    "one level; `identical`, the same where all values of these examples are equal, so that the difference is 0 "
    "without uncertainty; `independent`, the values are those of all examples of each study, the interval goes from "
    "end to end of theirs, and there is no status. `examples`, `clusters`: those of the difference; of `independent`, "
    "the second study's.",
    {
        "task": pl.String,
        "first_model": pl.String,
        "first_order": pl.String,
        "second_model": pl.String,
        "second_order": pl.String,
        "level": pl.Int64,
        "quantity": pl.String,
        "method": pl.String,
        "first": pl.Float64,
        "second": pl.Float64,
        "difference": pl.Float64,
        "low": pl.Float64,
        "high": pl.Float64,
        "status": pl.String,
        "margin": pl.Float64,
        "basis": pl.String,
        "examples": pl.Int64,
        "clusters": pl.Int64,
    },
)
