"""Input of every calibration metric, from saved log-likelihoods: one `Sample` per level."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from keepfaith.artifacts.predictions import log_softmax, predicted_option
from keepfaith.calibration.guessing import guessing
from keepfaith.calibration.normalised import in_unit
from keepfaith.config.probabilities import SUM, ProbabilityUnit

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Sample:
    """Predictions of one level for n examples with at most m choices.

    Choices that an example lacks have probability 0 and log-probability -inf, after its real ones.

    Attributes:
        log_probabilities: [n, m], softmax of the choices' log-likelihoods, in nats.
        probabilities: [n, m], the same as probabilities.
        labels: [n], index of the right choice.
        prediction: [n], the most probable choice; of equal ones the lowest index.
        confidence: [n], probability of the prediction.
        classes: whether all examples have the same choices in the same order, so that an index is a class.
    """

    log_probabilities: Floats
    probabilities: Floats
    labels: Indices
    prediction: Indices
    confidence: Floats
    classes: bool = False

    @property
    def size(self) -> int:
        """Number of examples."""
        return len(self.labels)

    @property
    def correct(self) -> npt.NDArray[np.bool_]:
        """[n], whether the prediction is the label."""
        return np.equal(self.prediction, self.labels)


@dataclass(frozen=True)
class Predicted:
    """The same examples at every level.

    Attributes:
        example_ids: [n], sorted, so that no result depends on the order of rows in a table.
        guessing: accuracy without reading the prompt: of a random choice or of the best constant answer, whichever is
            higher.
        labels: [n].
        posterior: [n, m], exact probability of each choice given the text, if the task knows it for
            every example; otherwise None.
        levels: sample of each level, by level.
        length: mean length of a choice in the unit of the log-likelihoods; 1 for their sums.
    """

    example_ids: tuple[str, ...]
    guessing: float
    labels: Indices
    posterior: Floats | None
    levels: Mapping[int, Sample]
    length: float = 1.0


def sample_of(log_likelihoods: Floats, labels: Indices, *, classes: bool = False) -> Sample:
    """One level's sample from log-likelihoods [n, m] in nats (-inf after the real choices); `classes` as of `Sample`.

    The prediction comes from the log-likelihoods: softmax may round two of them to a tie.

    Examples:
        >>> sample = sample_of(np.log([[0.9, 0.1], [0.3, 0.7]]), labels=np.array([0, 0]))
        >>> sample.prediction.tolist(), sample.confidence.round(6).tolist(), sample.correct.tolist()
        ([0, 1], [0.9, 0.7], [True, False])
    """
    log_probabilities = log_softmax(log_likelihoods)
    probabilities = np.exp(log_probabilities)
    prediction = predicted_option(log_likelihoods)
    confidence = probabilities[np.arange(len(labels)), prediction]
    return Sample(log_probabilities, probabilities, labels, prediction, confidence, classes)


def predicted(
    predictions: pl.DataFrame,
    examples: pl.DataFrame,
    subset: str = "evaluation",
    unit: ProbabilityUnit = SUM,
) -> Predicted:
    """Samples of all levels from a PREDICTIONS frame and one subset of an EXAMPLES frame.

    Args:
        predictions: PREDICTIONS; rows of examples outside the subset are ignored.
        examples: EXAMPLES; each example may have its own number of choices.
        subset: the column of EXAMPLES that says which examples.
        unit: of the log-likelihoods that the probabilities come from.

    Raises:
        ValueError: the subset is empty, a label is not a choice, or a level lacks a choice of an
            example or has it twice (levels are only comparable on the same examples), or the lengths of the choices
            are unknown.
    """
    chosen = examples.filter(subset).sort("example_id")
    if chosen.is_empty():
        raise ValueError(f"no example in the {subset} subset")
    ids = chosen["example_id"]
    if ids.n_unique() != len(ids):
        raise ValueError(f"example {_first_repeated(ids)!r} occurs twice")
    counts = chosen["options"].list.len().cast(pl.Int64).to_numpy()
    labels = chosen["label"].to_numpy()
    outside = (labels < 0) | (labels >= counts)
    if outside.any():
        raise ValueError(
            f"label of example {ids[int(outside.argmax())]!r} is not one of its choices"
        )
    index = pl.DataFrame({"example_id": ids, "position": np.arange(len(ids))})
    table, length = in_unit(predictions, chosen, unit)
    rows = table.join(index, on="example_id", how="inner").sort("level", "position", "option")
    if rows.is_empty():
        raise ValueError(f"no prediction for any example of the {subset} subset")
    classes = chosen["options"].n_unique() == 1
    samples = {
        int(level): sample_of(_padded(of_level, int(level), ids, counts), labels, classes=classes)
        for (level,), of_level in rows.group_by("level", maintain_order=True)
    }
    guess = guessing(chosen["options"].to_list(), labels, chosen["prompt"].to_list())
    return Predicted(tuple(ids), guess, labels, _posterior(chosen, counts), samples, length)


def _padded(rows: pl.DataFrame, level: int, ids: pl.Series, counts: Indices) -> Floats:
    """Log-likelihoods [n, m] of one level, checked to be complete."""
    position, option = rows["position"].to_numpy(), rows["option"].to_numpy()
    found = np.bincount(position, minlength=len(ids))
    wrong = found != counts
    if wrong.any():
        first = int(wrong.argmax())
        raise ValueError(
            f"level {level}: example {ids[first]!r} has {found[first]} scored choices, expected {counts[first]}"
        )
    expected = np.concatenate([np.arange(count) for count in counts])
    wrong = option != expected
    if wrong.any():
        first = int(position[wrong.argmax()])
        raise ValueError(f"level {level}: choices of example {ids[first]!r} are not 0, 1, 2, ...")
    padded = np.full((len(ids), counts.max()), -np.inf)
    padded[position, option] = rows["log_likelihood"].to_numpy()
    return padded


def _posterior(examples: pl.DataFrame, counts: Indices) -> Floats | None:
    """The exact posterior [n, m], padded with 0, or None where any example lacks it."""
    known = examples["posterior"].list.len()
    if known.null_count() or (known.to_numpy() != counts).any():
        return None
    padded = np.zeros((len(counts), counts.max()))
    padded[np.arange(counts.max()) < counts[:, None]] = examples["posterior"].explode().to_numpy()
    return padded


def _first_repeated(ids: pl.Series) -> str:
    return str(ids.filter(ids.is_duplicated())[0])
