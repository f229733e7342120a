"""Selection and preparation of the explained examples in the report, with the dense model beside pruned ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from keepfaith.artifacts.predictions import predicted_option, softmax
from keepfaith.artifacts.schemas import METHOD
from keepfaith.figures.cell_tables import of_role
from keepfaith.figures.labels import method_name
from keepfaith.report.highlight import HighlightedText, highlighted
from keepfaith.statistics.verdict import summary

PREFERRED = ("shapley", "kernelshap", "lime", "input_x_gradient")
TOP = 5


@dataclass(frozen=True)
class Panel:
    """One example at one level: its prediction, and the prompt coloured by the scores towards that prediction.

    Attributes:
        level: number of the level.
        name: `dense model`, `level 3`, or the label of a checkpoint.
        prediction: the predicted choice.
        probability: of it.
        margin: its log-likelihood minus that of the best other choice, in nats.
        correct: whether it is the label.
        pieces: the prompt in coloured pieces.
        top: tokens or segments with the highest scores.
    """

    level: int
    name: str
    prediction: str
    probability: float
    margin: float
    correct: bool
    pieces: tuple[HighlightedText, ...]
    top: tuple[tuple[str, float], ...]

    @property
    def said(self) -> str:
        """`positive, probability 0.92, margin 2.44 (right)`."""
        right = "right" if self.correct else "wrong"
        return f"{self.prediction}, probability {self.probability:.2f}, margin {self.margin:.2f} ({right})"


@dataclass(frozen=True)
class Candidate:
    """An explained example that may be shown.

    Attributes:
        name: its id.
        change: one minus the cosine between its scores on the dense model and at the deepest level.
        flipped: whether the deepest level predicts another choice.
        dense_confidence, confidence: probability of the predicted choice on the dense model and at the deepest level.
    """

    name: str
    change: float
    flipped: bool
    dense_confidence: float
    confidence: float

    @property
    def cosine(self) -> float:
        """Between its scores on the dense model and at the deepest level."""
        return 1 - self.change

    @property
    def moved(self) -> float:
        """By how much the confidence moved."""
        return abs(self.confidence - self.dense_confidence)


@dataclass(frozen=True)
class ExplainedExample:
    """One example with the reason why it is shown.

    `panels` are those of the shown levels; `every` has one for each level that was run, for a slider. Scores are means
    over `seeds`.
    """

    example_id: str
    reason: str
    label: str
    method: str
    rationale: bool
    panels: tuple[Panel, ...]
    every: tuple[Panel, ...] = ()
    seeds: int = 1

    def frames(self) -> list[dict[str, object]]:
        """What a slider over all levels shows, in plain values: strengths and scores of the scored pieces, in order."""
        return [
            {
                "name": panel.name,
                "said": panel.said,
                "strengths": [round(p.strength, 2) for p in panel.pieces if p.score is not None],
                "scores": [round(p.score, 4) for p in panel.pieces if p.score is not None],
                "top": [[token, round(score, 3)] for token, score in panel.top],
            }
            for panel in self.every
        ]


def explained_examples(
    examples: pl.DataFrame,
    predictions: pl.DataFrame,
    attributions: pl.DataFrame,
    verdict: pl.DataFrame,
    count: int,
    labels: Mapping[int, str] | None = None,
) -> list[ExplainedExample]:
    """Choose `count` examples of one cell and prepare them.

    In turn: the example whose explanation changed most although the prediction stayed, one whose prediction
    flipped, the one whose confidence moved most at the same prediction, and the typical one (median change); then the
    next of each. Change is one minus the cosine between dense and deepest scores, averaged over seeds. The selection is
    deterministic; ties go to the earlier example.

    Args:
        examples: EXAMPLES of the task.
        predictions: PREDICTIONS of the cell.
        attributions: ATTRIBUTIONS of the cell, all methods and seeds or only some; or `segment_features`.
        verdict: VERDICT of the cell; the shown levels are the dense one, the last without degradation, the deepest.
        count: number of examples; fewer are returned if fewer are explained.
        labels: of the levels, where they are checkpoints.
    """
    method = _method(attributions)
    if method is None or count < 1:
        return []
    own = attributions.filter(pl.col("method") == method)
    seeds = own["seed"].n_unique()
    scores = (
        own.group_by("example_id", "level", "feature", "start", "end")
        .agg(score=pl.col("score").mean())
        .sort("example_id", "level", "feature")
    )
    levels = _levels(scores, verdict)
    every = scores["level"].unique().sort().to_list()
    log_likelihoods = _log_likelihoods(predictions.filter(pl.col("level").is_in(every)))
    rows = {row["example_id"]: row for row in examples.sort("row").iter_rows(named=True)}
    ids = scores["example_id"].unique().to_list()
    changes = _changes(scores, levels[0], levels[-1])
    candidates = [
        _candidate(name, changes[name], log_likelihoods, levels) for name in rows if name in ids
    ]
    names = {level: "dense model" if level == 0 else f"level {level}" for level in every}
    names |= {level: label for level, label in (labels or {}).items() if level in names}
    return [
        _prepare(rows[name], reason, method, levels, names, scores, log_likelihoods, seeds)
        for name, reason in choose(candidates, count)
    ]


def choose(candidates: Sequence[Candidate], count: int) -> list[tuple[str, str]]:
    """Names with reasons, from candidates in the examples' own order: of each reason the one that has most of it, of
    those not chosen yet.
    """
    by_change = sorted(candidates, key=lambda each: -each.change)
    stayed = [each for each in by_change if not each.flipped]
    middle = float(np.median([each.change for each in candidates])) if candidates else 0.0
    queues: tuple[tuple[str, Sequence[Candidate]], ...] = (
        ("explanation changed, same prediction (cosine similarity {0.cosine:.2f})", stayed),
        (
            "prediction changed (cosine similarity of the explanations {0.cosine:.2f})",
            [each for each in by_change if each.flipped],
        ),
        (
            "confidence moved, same prediction ({0.dense_confidence:.2f} to {0.confidence:.2f})",
            sorted(stayed, key=lambda each: -each.moved),
        ),
        (
            "typical change (cosine similarity {0.cosine:.2f})",
            sorted(candidates, key=lambda each: abs(each.change - middle)),
        ),
    )
    chosen: dict[str, str] = {}
    while len(chosen) < min(count, len(candidates)):
        for reason, queue in queues:
            found = next((each for each in queue if each.name not in chosen), None)
            if found is not None and len(chosen) < count:
                chosen[found.name] = reason.format(found)
    return list(chosen.items())


def visible(token: str) -> str:
    """A token's text in a list: without the space before it, and with its line breaks shown."""
    return token.strip(" ").replace("\n", "\u23ce") or "space"


def _method(attributions: pl.DataFrame) -> str | None:
    real = of_role(attributions, METHOD)
    return next((name for name in PREFERRED if name in real), real[0] if real else None)


def _levels(scores: pl.DataFrame, verdict: pl.DataFrame) -> list[int]:
    found = scores["level"].unique().sort().to_list()
    clear = summary(verdict).clear if verdict.height else found[0]
    shown = {found[0], clear, found[-1]}
    return [level for level in found if level in shown]


def _log_likelihoods(predictions: pl.DataFrame) -> dict[tuple[str, int], np.ndarray]:
    """Summed log-likelihoods of the choices, by example and level."""
    ordered = predictions.sort("example_id", "level", "option")
    return {
        (str(name), int(str(level))): group["log_likelihood"].to_numpy()
        for (name, level), group in ordered.group_by("example_id", "level", maintain_order=True)
    }


def _changes(scores: pl.DataFrame, dense: int, pruned: int) -> dict[str, float]:
    """One minus the cosine between the score vectors of two levels, by example; 1 if one of them is all zero."""
    changes = {}
    for key, group in scores.group_by("example_id", maintain_order=True):
        a, b = (
            group.filter(pl.col("level") == level)["score"].to_numpy() for level in (dense, pruned)
        )
        size = float(np.linalg.norm(a) * np.linalg.norm(b))
        changes[str(key[0])] = 1.0 - float(a @ b) / size if size > 0 else 1.0
    return changes


def _candidate(
    name: str,
    change: float,
    log_likelihoods: Mapping[tuple[str, int], np.ndarray],
    levels: Sequence[int],
) -> Candidate:
    dense, pruned = (log_likelihoods[name, level] for level in (levels[0], levels[-1]))
    choices = [int(predicted_option(values)) for values in (dense, pruned)]
    confidences = [float(softmax(values).max()) for values in (dense, pruned)]
    return Candidate(name, change, choices[0] != choices[1], *confidences)


def _prepare(
    example: dict[str, object],
    reason: str,
    method: str,
    levels: Sequence[int],
    names: Mapping[int, str],
    scores: pl.DataFrame,
    log_likelihoods: Mapping[tuple[str, int], np.ndarray],
    seeds: int,
) -> ExplainedExample:
    name, prompt = str(example["example_id"]), str(example["prompt"])
    options, label = example["options"], example["label"]
    spans = example["rationale"] or []
    assert isinstance(options, list) and isinstance(label, int) and isinstance(spans, list)
    rationale = [(span["start"], span["end"]) for span in spans]
    panels = []
    for level, level_name in names.items():
        rows = scores.filter(pl.col("example_id") == name, pl.col("level") == level)
        tokens = list(rows.select("start", "end").iter_rows())
        values = rows["score"].to_list()
        predicted = int(predicted_option(log_likelihoods[name, level]))
        values_of_choices = log_likelihoods[name, level]
        probability = float(softmax(values_of_choices)[predicted])
        margin = float(values_of_choices[predicted] - np.delete(values_of_choices, predicted).max())
        best = sorted(range(len(values)), key=lambda index: -values[index])[:TOP]
        panels.append(
            Panel(
                level,
                level_name,
                str(options[predicted]).strip(),
                probability,
                margin,
                predicted == label,
                tuple(highlighted(prompt, tokens, values, rationale)),
                tuple((visible(prompt[slice(*tokens[index])]), values[index]) for index in best),
            )
        )
    return ExplainedExample(
        name,
        reason,
        str(options[label]).strip(),
        method_name(method),
        bool(rationale),
        tuple(panel for panel in panels if panel.level in levels),
        tuple(panels),
        seeds,
    )
