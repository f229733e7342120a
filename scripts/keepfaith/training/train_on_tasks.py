"""Model source `train`: a small Llama trained by the workflow on the selected tasks.

For machines without access to the hub. It never sees an evaluation text: some public data sets share sentences
(sst2 and rotten_tomatoes are two tokenisations of the same reviews), so training rows are first compared
with all selected evaluation texts, ignoring case, spaces and punctuation.
"""

import logging
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from keepfaith.config.passages import comparable
from keepfaith.config.schema import TrainModel
from keepfaith.training.pairs import Encoded, encode_pairs
from keepfaith.training.tokenizer import train_tokenizer
from keepfaith.training.train import build_model, option_log_likelihoods, train

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainingExample:
    """One labelled row: `texts` are its explained fields, `options` begin with the task's delimiter."""

    texts: tuple[str, ...]
    prompt: str
    options: tuple[str, ...]
    label: int


@dataclass(frozen=True)
class LeakCount:
    """Numbers of training rows of one task: given, dropped as leaked, kept."""

    given: int
    leaked: int
    kept: int


@dataclass(frozen=True)
class TrainedModel:
    """The trained model, its tokenizer, and the history of its training.

    `held_out_accuracy` is on held-out training rows, at the step whose weights were kept.
    """

    model: LlamaForCausalLM
    tokenizer: PreTrainedTokenizerFast
    counts: dict[str, LeakCount]
    steps: int
    held_out_accuracy: float
    history: list[tuple[int, float, float]] = field(default_factory=list)
    """(step, held-out negative log-likelihood, held-out accuracy) of every evaluation."""


def normalised(text: str) -> str:
    """Letters and digits of `comparable(text)`, or all of it if it has none."""
    known = comparable(text)
    return "".join(character for character in known if character.isalnum()) or known


def without_leaks(
    examples: Mapping[str, Sequence[TrainingExample]], evaluation_texts: Iterable[str]
) -> tuple[dict[str, list[TrainingExample]], dict[str, LeakCount]]:
    """Drop every row with an explained field that occurs in `evaluation_texts`; count per task."""
    seen = {normalised(text) for text in evaluation_texts} - {""}
    kept: dict[str, list[TrainingExample]] = {}
    counts: dict[str, LeakCount] = {}
    for task, rows in examples.items():
        kept[task] = [row for row in rows if seen.isdisjoint(map(normalised, row.texts))]
        counts[task] = LeakCount(len(rows), len(rows) - len(kept[task]), len(kept[task]))
        logger.info("%s: %d rows, %d leaked", task, len(rows), counts[task].leaked)
    return kept, counts


def train_on_tasks(
    examples: Mapping[str, Sequence[TrainingExample]],
    evaluation_texts: Iterable[str],
    plan: TrainModel,
) -> TrainedModel:
    """Train a tokenizer and a model on `examples` (by task), without leaked rows.

    Training stops early on rows held out from the training data; the returned weights are those with the lowest
    held-out negative log-likelihood.

    Args:
        examples: training rows by task.
        evaluation_texts: texts for the model's evaluation; a row with one of them is dropped.
        plan: the `train` source of the catalog: shape, recipe, vocabulary, held-out share, patience, seed.

    Raises:
        ValueError: too few rows are left.
    """
    kept, counts = without_leaks(examples, evaluation_texts)
    rows = [row for task_rows in kept.values() for row in task_rows]
    random.Random(plan.seed).shuffle(rows)
    aside = round(len(rows) * plan.held_out)
    if aside < 1 or len(rows) <= aside:
        raise ValueError(f"{len(rows)} training rows are left of {counts}: too few to train on")
    held_out, training = rows[:aside], rows[aside:]
    limit = plan.architecture.positions
    tokenizer = train_tokenizer(
        (row.prompt + option for row in training for option in row.options),
        plan.vocabulary,
        lower_case=plan.lower_case,
        positions=limit,
    )
    encoded = encode_pairs(tokenizer, [(r.prompt, r.options[r.label]) for r in training], limit)
    model = build_model(plan.architecture, tokenizer, plan.seed)
    watch = _Watch(held_out, _encode_options(tokenizer, held_out, limit), plan.patience)
    steps = train(model, lambda _: encoded, plan.recipe, plan.seed, watch)
    if watch.best:
        model.load_state_dict(watch.best)
    else:
        watch(model, steps)
    accuracy = min(watch.history, key=lambda look: look[1])[2]
    return TrainedModel(model, tokenizer, counts, steps, accuracy, watch.history)


def accuracy_on(
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    rows: Sequence[TrainingExample],
    limit: int = 256,
) -> float:
    """Share of `rows` whose label is the likeliest choice."""
    encoded = _encode_options(tokenizer, rows, limit)
    return _loss_and_accuracy(rows, option_log_likelihoods(model, encoded))[1]


class _Watch:
    """Evaluates held-out rows, keeps the best weights, and stops after `patience` evaluations without a better one."""

    def __init__(
        self, rows: Sequence[TrainingExample], encoded: list[Encoded], patience: int
    ) -> None:
        self.rows = rows
        self.encoded = encoded
        self.patience = patience
        self.best: dict[str, torch.Tensor] = {}
        self.history: list[tuple[int, float, float]] = []

    def __call__(self, model: LlamaForCausalLM, step: int) -> bool:
        loss, accuracy = _loss_and_accuracy(self.rows, option_log_likelihoods(model, self.encoded))
        best_so_far = min((look[1] for look in self.history), default=float("inf"))
        self.history.append((step, loss, accuracy))
        logger.info("held-out rows: nll %.4f, accuracy %.3f", loss, accuracy)
        if loss < best_so_far:
            self.best = {name: value.clone() for name, value in model.state_dict().items()}
        best_at = min(range(len(self.history)), key=lambda look: self.history[look][1])
        return len(self.history) - 1 - best_at >= self.patience


def _encode_options(
    tokenizer: PreTrainedTokenizerFast, rows: Sequence[TrainingExample], limit: int
) -> list[Encoded]:
    """Every choice of every row, in order."""
    pairs = [(row.prompt, option) for row in rows for option in row.options]
    return encode_pairs(tokenizer, pairs, limit)


def _loss_and_accuracy(
    rows: Sequence[TrainingExample], log_likelihoods: Sequence[float]
) -> tuple[float, float]:
    """Mean negative log-probability of the label among its choices (nats), and accuracy."""
    loss, right, start = 0.0, 0, 0
    for row in rows:
        scores = torch.tensor(log_likelihoods[start : start + len(row.options)])
        start += len(row.options)
        loss -= float(scores.log_softmax(0)[row.label])
        right += int(scores.argmax()) == row.label
    return loss / len(rows), right / len(rows)
