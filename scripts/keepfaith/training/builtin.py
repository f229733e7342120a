"""Training of the built-in model, from random weights, on texts that never recur.

It first sees easy texts, with fewer clauses, until it distinguishes the relevant clause from the others.
Then it sees the tasks as they are, while whole attention sub-layers are left out at random: its
knowledge spreads over the depth, and its confidence follows the hedges. In the same phase
some prompts are masked in part, so that explanations by masking find the tokens an answer depends on.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from keepfaith.config.schema import SPACE, Architecture, Recipe
from keepfaith.tasks.builtin import TASKS, BuiltinExample, generate
from keepfaith.training.pairs import Encoded, encode_pairs
from keepfaith.training.saving import save_model
from keepfaith.training.tokenizer import train_tokenizer
from keepfaith.training.train import build_model, option_log_likelihoods, train

logger = logging.getLogger(__name__)

PROMPTS: dict[str, str] = {
    "sentiment": "{text}\nQuestion: Is this review positive or negative?\nAnswer:",
    "passage": "{passage}\nQuestion: {question}?\nAnswer:",
    "lookup": "{passage}\nQuestion: {question}\nAnswer:",
}
"""Prompts used in training, in the wording of lm-evaluation-harness; a choice follows a space."""

SEED = 0
ARCHITECTURE = Architecture(
    hidden=96, intermediate=256, layers=8, heads=4, positions=256, tied=False
)
BUILTIN_VOCABULARY = 1000
"""Upper bound on the tokenizer's tokens; the words of the tasks need fewer."""
TOKENIZER_TEXTS = 1000
"""Texts per task for training the tokenizer."""
ROUND = 1500
"""New texts per task in every round of training."""
EASY_ROUNDS = 2
"""Rounds at the beginning with fewer clauses."""

# Every number is given here: new defaults for `train` models must not change this one.
RECIPE = Recipe(
    steps=800,
    examples_per_step=48,
    tokens_per_batch=4096,
    learning_rate=2e-3,
    final_rate=0.05,
    warmup=0.03,
    weight_decay=0.05,
    clip=1.0,
    prompt_loss=0.02,
    attention_drop=0.3,
    drop_ramp=(0.3, 0.6),
    word_dropout=0.0,
    embedding_dropout=0.0,
    masked_examples=0.25,
    evaluate_every=100,
)


@dataclass(frozen=True)
class Measure:
    """Performance of a model on built-in examples of one task, with the best possible one.

    `agreement` is the share of examples on which its answer is the likeliest under the exact
    posterior; `divergence` the mean Kullback-Leibler divergence (nats) from that posterior to the
    model's probabilities.
    """

    accuracy: float
    bayes_accuracy: float
    agreement: float
    divergence: float


def train_builtin(
    out_dir: Path,
    seed: int = SEED,
    recipe: Recipe = RECIPE,
    architecture: Architecture = ARCHITECTURE,
    measured: int = 1000,
) -> dict[str, Measure]:
    """Train the built-in model, write it to `out_dir`, and measure it on `measured` tuning examples per task.

    The same seed gives the same weights on the same machine and thread count.
    """
    tokenizer = builtin_tokenizer(seed, architecture.positions)
    model = build_model(architecture, tokenizer, seed)
    train(model, _source(tokenizer, architecture.positions, seed), recipe, seed, _watch(tokenizer))
    save_model(model, tokenizer, out_dir)
    return measure_all(model, tokenizer, measured, seed)


def builtin_tokenizer(seed: int, positions: int) -> PreTrainedTokenizerFast:
    """The tokenizer of the built-in model, trained on prompts followed by the choice of their label."""
    texts = [
        prompt_of(example) + option_of(example, example.label)
        for task in TASKS
        for example in generate(task, "train", TOKENIZER_TEXTS, seed)
    ]
    return train_tokenizer(texts, BUILTIN_VOCABULARY, positions=positions)


def prompt_of(example: BuiltinExample) -> str:
    """The prompt of an example; its id begins with the task."""
    return PROMPTS[example.id.split("-", 1)[0]].format(**example.fields)


def option_of(example: BuiltinExample, choice: int) -> str:
    """The text scored after the prompt for a choice."""
    return SPACE + example.choices[choice]


def option_probabilities(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, examples: list[BuiltinExample]
) -> np.ndarray:
    """Probabilities (examples, choices) of the choices of one task, by summed log-likelihood."""
    pairs = [(prompt_of(e), option_of(e, c)) for e in examples for c in range(len(e.choices))]
    encoded = encode_pairs(tokenizer, pairs, model.config.max_position_embeddings)
    logs = np.array(option_log_likelihoods(model, encoded)).reshape(len(examples), -1)
    shares = np.exp(logs - logs.max(axis=1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))


def measure_task(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, examples: list[BuiltinExample]
) -> Measure:
    """Accuracy and agreement with the posterior on examples of one task."""
    probabilities = option_probabilities(model, tokenizer, examples)
    posterior = np.array([example.posterior for example in examples])
    labels = np.array([example.label for example in examples])
    answer, best = probabilities.argmax(axis=1), posterior.argmax(axis=1)
    surprise = np.log(posterior) - np.log(np.maximum(probabilities, 1e-30))
    return Measure(
        accuracy=float((answer == labels).mean()),
        bayes_accuracy=float((best == labels).mean()),
        agreement=float((answer == best).mean()),
        divergence=float((posterior * surprise).sum(axis=1).mean()),
    )


def measure_all(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, count: int, seed: int
) -> dict[str, Measure]:
    """Measure every task on `count` tuning examples."""
    return {
        task: measure_task(model, tokenizer, generate(task, "tuning", count, seed))
        for task in TASKS
    }


def _source(
    tokenizer: PreTrainedTokenizerFast, positions: int, seed: int
) -> Callable[[int], list[Encoded]]:
    """New rows for every round, `ROUND` per task; the first rounds are easy."""

    def rows(round_number: int) -> list[Encoded]:
        easy = round_number < EASY_ROUNDS
        # No round repeats another's seed, nor that of the tokenizer's texts.
        round_seed = seed * 1_000_003 + round_number + 1
        pairs = []
        for task in TASKS:
            for example in generate(task, "train", ROUND, round_seed, easy=easy):
                pairs.append((prompt_of(example), option_of(example, example.label)))
        return encode_pairs(tokenizer, pairs, positions)

    return rows


def _watch(tokenizer: PreTrainedTokenizerFast) -> Callable[[LlamaForCausalLM, int], bool]:
    """A callback that logs performance on tuning examples and never stops training."""

    def look(model: LlamaForCausalLM, step: int) -> bool:
        for task, at in measure_all(model, tokenizer, 200, step).items():
            logger.info(
                "step %d, %s: accuracy %.3f, Bayes %.3f, agreement %.3f, divergence %.3f",
                step, task, at.accuracy, at.bayes_accuracy, at.agreement, at.divergence,
            )  # fmt: skip
        return False

    return look
