"""Probabilities of the predicted choice with the top-ranked features removed, or with only these kept."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import polars as pl

from keepfaith.artifacts.progress import Progress
from keepfaith.artifacts.schemas import CONTROL, FAITHFULNESS
from keepfaith.artifacts.shards import KeepShard, keep_nothing
from keepfaith.artifacts.tables import conform
from keepfaith.faithfulness.ranking import rank, selected_count
from keepfaith.plugins.operator import OPERATORS, Operator
from keepfaith.scoring.encoding import EncodedPrompt, PromptEncoder, ScoringInput
from keepfaith.scoring.scorer import OptionScorer

logger = logging.getLogger(__name__)

MEASURED_AT_ONCE = 64
"""Examples measured at once and written as one shard: bounds memory, and the work that a kill can lose."""


class FaithfulnessError(Exception):
    """An example could not be measured; the message names it."""


@dataclass(frozen=True)
class RankedExample:
    """One example with the ranking of one method and seed at every level."""

    example_id: str
    options: tuple[str, ...]
    encoded: EncodedPrompt
    targets: Mapping[int, int]
    orders: Mapping[int, np.ndarray]

    @property
    def features(self) -> int:
        """Number of features."""
        return len(self.encoded.features)


@dataclass(frozen=True)
class Perturbation:
    """One row before scoring: the features of an example that stay, at one level."""

    ranked: RankedExample
    level: int
    ranking: str
    operator: str
    kind: str
    fraction: float
    selected: int
    kept: tuple[int, ...]


def measure(
    scorer: OptionScorer,
    encoder: PromptEncoder,
    examples: pl.DataFrame,
    attributions: pl.DataFrame,
    predictions: pl.DataFrame,
    levels: Sequence[int],
    fractions: Sequence[float],
    operators: Sequence[str],
    keep: KeepShard = keep_nothing,
) -> pl.DataFrame:
    """Comprehensiveness and sufficiency of every explanation, per fraction, operator and ranking.

    The probability is the softmax over the example's choices of their summed log-likelihoods, and the
    target is the level's own predicted choice. A fraction selects int(fraction x features) features from
    the top of the ranking. If it selects none, the row has null probabilities: an empty fraction does not
    count. The ranking "reversed" selects from the bottom; a control has none, since reversed chance is
    chance.

    Args:
        scorer: scores choices at a level.
        encoder: the encoder used for the attributions.
        examples: EXAMPLES of at least the attributed examples.
        attributions: ATTRIBUTIONS of one or more methods and seeds.
        predictions: PREDICTIONS of at least the attributed examples: the probabilities of whole prompts.
        levels: levels to measure.
        fractions: shares of the features, each in (0, 1].
        operators: names of the operators that remove features.
        keep: makes the shard of some examples, or reads it back.

    Returns:
        A FAITHFULNESS table.

    Raises:
        ValueError: no such operator, or a fraction outside (0, 1].
        FaithfulnessError: the attributions do not fit the examples, a prediction is missing, or a score is not finite.
    """
    for fraction in fractions:
        if not 0 < fraction <= 1:
            raise ValueError(f"fraction {fraction}: expected a share above 0 and at most 1")
    levels = list(levels)
    by_name = {name: OPERATORS.load(name) for name in operators}
    whole = _log_likelihoods(predictions, levels)
    frames = []
    runs = attributions.group_by("method", "role", "seed", maintain_order=True)
    for (method, role, seed), group in runs:
        ranked = _ranked(encoder, examples, group, levels, int(str(seed)))
        rankings = ("method",) if role == CONTROL else ("method", "reversed")
        what = f"examples x levels, {method}, seed {seed}"
        progress = Progress(len(ranked) * len(levels), what, logger)
        for start in range(0, len(ranked), MEASURED_AT_ONCE):
            some = ranked[start : start + MEASURED_AT_ONCE]
            perturbations = _perturbations(some, levels, rankings, by_name, fractions)
            make = partial(_shard, scorer, encoder, some, perturbations, levels, by_name, whole)
            shard = keep(f"{method}-{seed}-{start:09d}", make)
            frames.append(
                shard.with_columns(method=pl.lit(method), role=pl.lit(role), seed=pl.lit(seed))
            )
            progress.advance(len(some) * len(levels))
    if not frames:
        return conform(pl.DataFrame(schema=dict(FAITHFULNESS.columns)), FAITHFULNESS)
    return conform(pl.concat(frames), FAITHFULNESS)


def _ranked(
    encoder: PromptEncoder,
    examples: pl.DataFrame,
    attributions: pl.DataFrame,
    levels: list[int],
    seed: int,
) -> list[RankedExample]:
    known = {row["example_id"]: row for row in examples.iter_rows(named=True)}
    ranked = []
    scored = attributions.filter(pl.col("level").is_in(levels))
    for (key,), rows in scored.group_by("example_id", maintain_order=True):
        example_id = str(key)
        if example_id not in known:
            raise FaithfulnessError(f"example {example_id}: attributed, but not among the examples")
        example = known[example_id]
        encoded = encoder.encode(example["prompt"], example["options"], f"example {example_id}")
        feature_ids = list(encoded.feature_ids)
        targets, orders = {}, {}
        for (level,), of_level in rows.sort("level", "feature").group_by(
            "level", maintain_order=True
        ):
            if of_level["token_id"].to_list() != feature_ids:
                raise FaithfulnessError(
                    f"example {example_id}, level {level}: the attributed tokens are not those of its prompt"
                )
            targets[int(str(level))] = int(of_level["target"][0])
            orders[int(str(level))] = rank(of_level["score"].to_numpy(), seed, example_id)
        missing = [level for level in levels if level not in orders]
        if missing:
            raise FaithfulnessError(f"example {example_id}: no attributions at levels {missing}")
        ranked.append(
            RankedExample(example_id, tuple(example["options"]), encoded, targets, orders)
        )
    return ranked


def _perturbations(
    chunk: Sequence[RankedExample],
    levels: Sequence[int],
    rankings: Sequence[str],
    operators: Mapping[str, Operator],
    fractions: Sequence[float],
) -> Iterator[Perturbation]:
    for ranked in chunk:
        for level in levels:
            for ranking in rankings:
                order = ranked.orders[level] if ranking == "method" else ranked.orders[level][::-1]
                for fraction in fractions:
                    count = selected_count(fraction, ranked.features)
                    top, rest = (tuple(sorted(part.tolist())) for part in np.split(order, [count]))
                    for kind, kept in (("comprehensiveness", rest), ("sufficiency", top)):
                        for name in operators:
                            yield Perturbation(
                                ranked, level, ranking, name, kind, fraction, count, kept
                            )


def _shard(
    scorer: OptionScorer,
    encoder: PromptEncoder,
    ranked: Sequence[RankedExample],
    perturbations: Iterator[Perturbation],
    levels: Sequence[int],
    operators: Mapping[str, Operator],
    whole: Mapping[tuple[str, int], np.ndarray],
) -> pl.DataFrame:
    rows = list(perturbations)
    full = _full_probabilities(whole, ranked, levels)
    return _frame(rows, full, _perturbed_probabilities(scorer, encoder, rows, levels, operators))


def _log_likelihoods(
    predictions: pl.DataFrame, levels: Sequence[int]
) -> dict[tuple[str, int], np.ndarray]:
    """By example and level: the summed log-likelihood of every choice, [choices]."""
    groups = (
        predictions.filter(pl.col("level").is_in(list(levels)))
        .sort("option")
        .group_by("example_id", "level")
        .agg("log_likelihood")
    )
    return {
        (example_id, level): np.asarray(values) for example_id, level, values in groups.iter_rows()
    }


def _full_probabilities(
    whole: Mapping[tuple[str, int], np.ndarray],
    chunk: Sequence[RankedExample],
    levels: Sequence[int],
) -> dict[tuple[str, int], float]:
    """The target's probability after every whole prompt, from the predictions."""
    probabilities = {}
    for ranked in chunk:
        for level in levels:
            found = whole.get((ranked.example_id, level), np.empty(0))
            if len(found) != len(ranked.options):
                raise FaithfulnessError(
                    f"example {ranked.example_id}, level {level}: {len(found)} of {len(ranked.options)} choices have "
                    "a prediction"
                )
            probabilities[ranked.example_id, level] = _probability(found, ranked, level)
    return probabilities


def _perturbed_probabilities(
    scorer: OptionScorer,
    encoder: PromptEncoder,
    rows: Sequence[Perturbation],
    levels: Sequence[int],
    operators: Mapping[str, Operator],
) -> list[float | None]:
    """Per row the target's probability, null for an empty fraction; equal inputs are scored once."""
    built: dict[tuple[str, str, tuple[int, ...]], ScoringInput] = {}
    for row in rows:
        key = (row.operator, row.ranked.example_id, row.kept)
        if row.selected and key not in built:
            name = f"example {row.ranked.example_id}"
            built[key] = operators[row.operator].perturb(
                encoder, row.ranked.encoded, row.kept, row.ranked.options, name
            )
    probabilities: list[float | None] = [None] * len(rows)
    for level in levels:
        wanted: dict[ScoringInput, list[int]] = {}
        for index, row in enumerate(rows):
            if row.level == level and row.selected:
                item = built[row.operator, row.ranked.example_id, row.kept]
                wanted.setdefault(item, []).append(index)
        answers = scorer.log_likelihoods(list(wanted), [level])
        for indices, answer in zip(wanted.values(), answers, strict=True):
            for index in indices:
                probabilities[index] = _probability(answer[0], rows[index].ranked, level)
    return probabilities


def _probability(log_likelihoods: np.ndarray, ranked: RankedExample, level: int) -> float:
    """Softmax over choices, at the level's target."""
    if not np.isfinite(log_likelihoods).all():
        raise FaithfulnessError(
            f"example {ranked.example_id}, level {level}: the log-likelihoods contain NaN or infinity"
        )
    weights = np.exp(log_likelihoods - log_likelihoods.max())
    return float(weights[ranked.targets[level]] / weights.sum())


def _frame(
    rows: Sequence[Perturbation],
    full: Mapping[tuple[str, int], float],
    perturbed: Sequence[float | None],
) -> pl.DataFrame:
    table = {
        "level": [row.level for row in rows],
        "example_id": [row.ranked.example_id for row in rows],
        "ranking": [row.ranking for row in rows],
        "operator": [row.operator for row in rows],
        "kind": [row.kind for row in rows],
        "fraction": [row.fraction for row in rows],
        "target": [row.ranked.targets[row.level] for row in rows],
        "features": [row.ranked.features for row in rows],
        "selected": [row.selected for row in rows],
        "full_probability": [full[row.ranked.example_id, row.level] for row in rows],
        "perturbed_probability": pl.Series(perturbed, dtype=pl.Float64),
    }
    return pl.DataFrame(table).with_columns(
        difference=pl.col("full_probability") - pl.col("perturbed_probability")
    )
