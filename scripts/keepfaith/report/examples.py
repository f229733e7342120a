"""Selection and preparation of the explained examples in the report, with the dense model beside pruned ones."""

from collections.abc import Sequence
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
    """One example at one level: its prediction, and the prompt coloured by the scores towards that prediction."""

    level: int
    prediction: str
    probability: float
    correct: bool
    pieces: tuple[HighlightedText, ...]
    top: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class ExplainedExample:
    """One example with the reason why it is shown.

    `panels` are those of the shown levels; `every` has one for each level that was run, for a slider.
    """

    example_id: str
    reason: str
    label: str
    method: str
    rationale: bool
    panels: tuple[Panel, ...]
    every: tuple[Panel, ...] = ()

    def frames(self) -> list[dict[str, object]]:
        """What a slider over all levels shows, in plain values: strengths and scores of the scored pieces, in order."""
        return [
            {
                "level": panel.level,
                "prediction": panel.prediction,
                "probability": round(panel.probability, 2),
                "correct": panel.correct,
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
) -> list[ExplainedExample]:
    """Choose `count` examples of one cell and prepare them.

    In turn: the example whose explanation changed most although the prediction stayed, one whose prediction
    flipped, and the typical one (median change); then the next of each. Change is one minus the cosine between
    dense and deepest scores, averaged over seeds. The selection is deterministic; ties go to the earlier example.

    Args:
        examples: EXAMPLES of the task.
        predictions: PREDICTIONS of the cell.
        attributions: ATTRIBUTIONS of the cell, all methods and seeds or only some; or `segment_features`.
        verdict: VERDICT of the cell; the shown levels are the dense one, the last without degradation, the deepest.
        count: number of examples; fewer are returned if fewer are explained.
    """
    method = _method(attributions)
    if method is None or count < 1:
        return []
    scores = (
        attributions.filter(pl.col("method") == method)
        .group_by("example_id", "level", "feature", "start", "end")
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
        (name, changes[name], _flipped(log_likelihoods, name, levels))
        for name in rows
        if name in ids
    ]
    return [
        _prepare(rows[name], reason, method, levels, every, scores, log_likelihoods)
        for name, reason in choose(candidates, count)
    ]


def choose(candidates: Sequence[tuple[str, float, bool]], count: int) -> list[tuple[str, str]]:
    """Names with reasons, from (name, change, flipped) in the examples' own order."""
    by_change = sorted(candidates, key=lambda item: -item[1])
    middle = float(np.median([change for _, change, _ in candidates])) if candidates else 0.0
    queues = (
        ("explanation changed most, same prediction", [c for c in by_change if not c[2]]),
        ("prediction changed", [c for c in by_change if c[2]]),
        ("typical change", sorted(candidates, key=lambda item: abs(item[1] - middle))),
    )
    chosen: dict[str, str] = {}
    while len(chosen) < min(count, len(candidates)):
        for reason, queue in queues:
            name = next((item[0] for item in queue if item[0] not in chosen), None)
            if name is not None and len(chosen) < count:
                chosen[name] = reason
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


def _flipped(
    log_likelihoods: dict[tuple[str, int], np.ndarray], name: str, levels: Sequence[int]
) -> bool:
    dense, pruned = (
        predicted_option(log_likelihoods[name, level]) for level in (levels[0], levels[-1])
    )
    return int(dense) != int(pruned)


def _prepare(
    example: dict[str, object],
    reason: str,
    method: str,
    levels: Sequence[int],
    every: Sequence[int],
    scores: pl.DataFrame,
    log_likelihoods: dict[tuple[str, int], np.ndarray],
) -> ExplainedExample:
    name, prompt = str(example["example_id"]), str(example["prompt"])
    options, label = example["options"], example["label"]
    spans = example["rationale"] or []
    assert isinstance(options, list) and isinstance(label, int) and isinstance(spans, list)
    rationale = [(span["start"], span["end"]) for span in spans]
    panels = []
    for level in every:
        rows = scores.filter(pl.col("example_id") == name, pl.col("level") == level)
        tokens = list(rows.select("start", "end").iter_rows())
        values = rows["score"].to_list()
        predicted = int(predicted_option(log_likelihoods[name, level]))
        probability = float(softmax(log_likelihoods[name, level])[predicted])
        best = sorted(range(len(values)), key=lambda index: -values[index])[:TOP]
        panels.append(
            Panel(
                level,
                str(options[predicted]).strip(),
                probability,
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
    )
