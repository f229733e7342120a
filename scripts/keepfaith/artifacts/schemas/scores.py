"""What a model gave: log-likelihoods, scores of tokens and segments, and how faithful they are."""

import polars as pl

from keepfaith.artifacts.schemas.declaration import TableSchema

_SPAN = pl.Struct({"start": pl.Int64, "end": pl.Int64})

PREDICTIONS = TableSchema(
    "predictions",
    1,
    "One choice of one example at one level: its summed log-likelihood in nats after the prompt.",
    {
        "level": pl.Int64,
        "example_id": pl.String,
        "option": pl.Int64,
        "log_likelihood": pl.Float64,
        "tokens": pl.Int64,
    },
)

TUNING_PREDICTIONS = TableSchema(
    "tuning_predictions",
    1,
    "The same of a tuning example, which temperatures are fitted on and nothing is evaluated on; no rows where a task "
    "has no tuning examples.",
    PREDICTIONS.columns,
)

COALITIONS = TableSchema(
    "coalitions",
    1,
    "What one option is given, in nats, with every subset of an example's segments kept and the others removed by an "
    "operator, at one level. `segments`: their characters in the prompt. `log_likelihoods`: [2^n], summed over the "
    "option's tokens; bit i of an entry's index is set where segment i is kept, the last entry is the whole prompt.",
    {
        "level": pl.Int64,
        "example_id": pl.String,
        "operator": pl.String,
        "option": pl.Int64,
        "segments": pl.List(_SPAN),
        "log_likelihoods": pl.List(pl.Float64),
    },
)

EXPLANATIONS = TableSchema(
    "explanations",
    2,
    "One method's explanation of one example at one level, as scores of its segments, and how faithful it is under "
    "the level's own table of coalitions. `segments`: their characters in the prompt. `target`: the option that is "
    "explained, the level's own prediction. `removal_area` and `retention_area`: mean loss of value while the "
    "segments ranked first are removed, or alone kept; `probability_removal_area` and `probability_retention_area`: "
    "the same of the target's probability. `faithfulness` and `sufficiency`: the first two between chance (0) and the "
    "best order there is (1); null where no order is better than chance. Exact methods have seed 0.",
    {
        "level": pl.Int64,
        "example_id": pl.String,
        "operator": pl.String,
        "method": pl.String,
        "role": pl.String,
        "seed": pl.Int64,
        "target": pl.Int64,
        "segments": pl.List(_SPAN),
        "scores": pl.List(pl.Float64),
        "removal_area": pl.Float64,
        "retention_area": pl.Float64,
        "probability_removal_area": pl.Float64,
        "probability_retention_area": pl.Float64,
        "faithfulness": pl.Float64,
        "sufficiency": pl.Float64,
    },
)

LIMITS = TableSchema(
    "limits",
    1,
    "What rankings of the segments of one example can reach at one level. `target`: the level's own prediction; "
    "`flipped`: it differs from the dense level's. `whole` and `none`: the value of the whole prompt, and of that "
    "without any segment. `best`, `worst`, `chance`: the largest, the smallest and the mean area of removal of all "
    "orders; `probability_chance` and `probability_retention_chance`: the mean area of removal and of retention of the "
    "target's probability. `explainable`: the best order is better than chance. `additive_share`: share of the value's "
    "variance that a sum of one number per segment explains; null where the value is constant.",
    {
        "level": pl.Int64,
        "example_id": pl.String,
        "operator": pl.String,
        "target": pl.Int64,
        "flipped": pl.Boolean,
        "segments": pl.Int64,
        "whole": pl.Float64,
        "none": pl.Float64,
        "best": pl.Float64,
        "worst": pl.Float64,
        "chance": pl.Float64,
        "probability_chance": pl.Float64,
        "probability_retention_chance": pl.Float64,
        "explainable": pl.Boolean,
        "additive_share": pl.Float64,
    },
)

SEGMENT_CURVES = TableSchema(
    "segment_curves",
    1,
    "What is lost, in the mean over examples and seeds, at one level while the segments that a method ranks first are "
    "removed (`kind` removal) or alone kept (retention), by the `fraction` of an example's segments; between whole "
    "numbers of segments each example's curve is linear. `value_lost`: of the value of coalitions (the margin, in "
    "nats); `probability_lost`: of the target's probability. Role `limit`: `chance`, the mean over all orders, and "
    "`best`, the order with the largest area of removal, or the smallest of retention, by the value of each column.",
    {
        "level": pl.Int64,
        "operator": pl.String,
        "method": pl.String,
        "role": pl.String,
        "kind": pl.String,
        "fraction": pl.Float64,
        "value_lost": pl.Float64,
        "probability_lost": pl.Float64,
        "examples": pl.Int64,
    },
)

SWAP = TableSchema(
    "swap",
    1,
    "Faithfulness of the explanation of level `explaining` under the values of level `judging`, of one method, seed "
    "and example; both towards `target`. Where the two levels predict the same option, that is the target. Otherwise "
    "(`flipped`) it is the dense level's prediction, which exact methods explain and token methods do not: theirs is "
    "null. A level that predicts another option than the dense one has a second row under itself with that target. "
    "Null too where no order is better than chance.",
    {
        "explaining": pl.Int64,
        "judging": pl.Int64,
        "example_id": pl.String,
        "operator": pl.String,
        "method": pl.String,
        "role": pl.String,
        "seed": pl.Int64,
        "target": pl.Int64,
        "flipped": pl.Boolean,
        "faithfulness": pl.Float64,
    },
)

ATTRIBUTIONS = TableSchema(
    "attributions",
    2,
    "One feature (prompt token, special tokens left out) of one explained example at one level: its attribution score "
    "towards `target`, the choice that this level predicts. `feature` counts the features from 0 in the order "
    "of the prompt; `start` and `end` are its characters in the prompt.",
    {
        "level": pl.Int64,
        "example_id": pl.String,
        "method": pl.String,
        "role": pl.String,
        "seed": pl.Int64,
        "target": pl.Int64,
        "feature": pl.Int64,
        "token_id": pl.Int64,
        "start": pl.Int64,
        "end": pl.Int64,
        "score": pl.Float64,
    },
)

FAITHFULNESS = TableSchema(
    "faithfulness",
    2,
    "One perturbed input: the normalised probability of `target` with the whole prompt and with the top `fraction` "
    "of features removed (comprehensiveness) or alone kept (sufficiency). `difference` = full - perturbed.",
    {
        "level": pl.Int64,
        "example_id": pl.String,
        "method": pl.String,
        "role": pl.String,
        "seed": pl.Int64,
        "ranking": pl.String,
        "operator": pl.String,
        "kind": pl.String,
        "fraction": pl.Float64,
        "target": pl.Int64,
        "features": pl.Int64,
        "selected": pl.Int64,
        "full_probability": pl.Float64,
        "perturbed_probability": pl.Float64,
        "difference": pl.Float64,
    },
)
