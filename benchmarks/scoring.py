"""Scoring a task at all levels: keepfaith against lm-evaluation-harness, level by level, at its best batch size.

The work: the log-likelihoods of the choices of the built-in tasks `lookup` (choices of several tokens; all four,
and the first two) and `sentiment` (two choices of one token) with the built-in tokenizer and a 16-layer Llama of 20 M
parameters with random weights, levels 0..8 of the cosine criterion's order on the built-in calibration text. HFLM gets
the same model object and the same pairs; its batch size is the fastest of several on a part of the task. Model loading
is excluded on both sides. Where all choices have one token HFLM reads them from one forward pass, as keepfaith does.

With `--model`, the same texts for a real model beside it, with its own tokenizer and cosine order, levels 0..15, fewer
examples and fewer batch sizes.

    python benchmarks/scoring.py [--examples 400] [--model FOLDER --data FOLDER]

Prints a table and writes results/benchmarks/scoring.json.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM
from numpy.typing import NDArray
from setup.command import command, folder_of
from setup.llama import SMALL, TINY, Shape, random_llama
from setup.real import add_model, levels_of, missing, real_model
from setup.record import record
from setup.timing import timed
from transformers import AutoTokenizer

from keepfaith.config.schema import BuiltinText
from keepfaith.models.builtin import CHECKPOINT
from keepfaith.models.removal import PrunableModel
from keepfaith.orders.order import components_of
from keepfaith.orders.rank import rank_layers
from keepfaith.scoring.encoding import PromptEncoder, ScoringInput
from keepfaith.scoring.scorer import OptionScorer
from keepfaith.tasks.builtin import generate
from keepfaith.tasks.text import calibration_text
from keepfaith.training.builtin import option_of, prompt_of

TASKS = (("lookup", 4), ("lookup", 2), ("sentiment", 2))
"""Task, and the number of its choices that are scored."""
LEVELS = list(range(9))
BATCH_SIZES = (1, 4, 8, 16, 32, 64, 128)
REAL_BATCH_SIZES = (1, 4, 16)
SEED = 0

Pair = tuple[str, str]


def harness(scorer: OptionScorer, encoder: PromptEncoder, batch_size: int) -> HFLM:
    """lm-evaluation-harness on the same model object, at the level that is currently switched on."""
    return HFLM(
        pretrained=scorer.model.model,
        tokenizer=encoder.tokenizer,
        batch_size=batch_size,
        backend="causal",
    )


def harness_scores(lm: HFLM, pairs: list[Pair]) -> list[float]:
    """Log-likelihoods of (prompt, option) pairs."""
    requests = [Instance("loglikelihood", {}, pair, number) for number, pair in enumerate(pairs)]
    return [value for value, _ in lm.loglikelihood(requests, disable_tqdm=True)]


def best_batch_size(
    scorer: OptionScorer, encoder: PromptEncoder, pairs: list[Pair], sizes: Sequence[int]
) -> int:
    """The batch size, of `sizes`, at which HFLM scores `pairs` fastest."""
    seconds = {}
    for size in sizes:
        lm = harness(scorer, encoder, size)
        seconds[size] = min(timed(lambda lm=lm: harness_scores(lm, pairs))[0] for _ in range(2))
    return min(seconds, key=seconds.__getitem__)


def our_scores(
    scorer: OptionScorer,
    encoder: PromptEncoder,
    questions: list[tuple[str, list[str]]],
    levels: list[int],
) -> NDArray[np.float64]:
    """[levels, pairs] from texts, tokenisation included, as on the other side."""
    inputs = []
    for prompt, options in questions:
        encoded = encoder.encode(prompt, options)
        inputs.append(ScoringInput(encoded.prompt_ids, encoded.option_ids))
    return np.concatenate(scorer.log_likelihoods(inputs, levels), axis=1)


@dataclass(frozen=True)
class Side:
    """A model that both score with.

    Attributes:
        name: of the model.
        scorer, encoder: see there.
        levels: of its pruning path.
        batch_sizes: those that HFLM may take.
        tried: pairs on which its batch size is chosen, at least.
    """

    name: str
    scorer: OptionScorer
    encoder: PromptEncoder
    levels: list[int]
    batch_sizes: Sequence[int]
    tried: int


def case(task: str, options: int, side: Side, examples: int) -> list[dict[str, object]]:
    """Two rows: one level (the dense model), and the whole pruning path."""
    scorer, encoder, path = side.scorer, side.encoder, side.levels
    found = generate(task, "evaluation", examples, SEED)
    questions = [
        (prompt_of(example), [option_of(example, choice) for choice in range(options)])
        for example in found
    ]
    pairs = [(prompt, option) for prompt, options in questions for option in options]
    tried = pairs[: max(side.tried, len(pairs) // 8)]
    batch_size = best_batch_size(scorer, encoder, tried, side.batch_sizes)
    lm = harness(scorer, encoder, batch_size)
    theirs, seconds = [], []
    for level in path:
        with scorer.model.at_level(scorer.order, level):
            spent, values = timed(lambda: harness_scores(lm, pairs))
        seconds.append(spent)
        theirs.append(values)
    rows = []
    for levels in ([0], path):
        spent, values = timed(lambda levels=levels: our_scores(scorer, encoder, questions, levels))
        reference = sum(seconds[: len(levels)])
        rows.append(
            {
                "model": side.name,
                "task": task,
                "options": options,
                "examples": examples,
                "levels": f"{levels[0]}..{levels[-1]}",
                "hflm_batch_size": batch_size,
                "hflm_s": round(reference, 2),
                "keepfaith_s": round(spent, 2),
                "factor": round(reference / spent, 2),
                "largest_difference": float(np.abs(values - np.array(theirs[: len(levels)])).max()),
            }
        )
    return rows


def prepare(shape: Shape, budget: int | None) -> Side:
    """A random model of that shape under the built-in tokenizer, with its cosine order."""
    tokenizer = AutoTokenizer.from_pretrained(CHECKPOINT)
    model = PrunableModel(random_llama(replace(shape, vocabulary=len(tokenizer))))
    texts = calibration_text(BuiltinText(kind="builtin", rows_per_sample=1), 8, SEED)
    order = components_of(rank_layers("cosine", model, tokenizer, texts))
    scorer, encoder = OptionScorer(model, order, budget), PromptEncoder(tokenizer, shape.positions)
    return Side("random", scorer, encoder, LEVELS[: shape.layers + 1], BATCH_SIZES, 64)


def prepare_real(folder: Path, data: Path | None, budget: int | None) -> Side:
    """A real model with its own tokenizer and cosine order."""
    model, order, encoder = real_model(folder, data)
    scorer = OptionScorer(model, order, budget)
    return Side(folder.name, scorer, encoder, levels_of(model), REAL_BATCH_SIZES, 16)


def main() -> None:
    arguments = command(__doc__)
    arguments.add_argument("--examples", type=int, default=400)
    arguments.add_argument("--budget", type=int, help="token budget of keepfaith; found if absent")
    add_model(arguments)
    arguments.add_argument("--model-examples", type=int, default=8, help="of the real model")
    options = arguments.parse_args()
    logging.getLogger("lm_eval").setLevel(logging.ERROR)
    shape = TINY if options.small else SMALL
    sides = [(prepare(shape, options.budget), options.examples)]
    if reason := missing(options.model, options.data):
        print(reason, flush=True)
    else:
        real = prepare_real(options.model, options.data, options.budget)
        sides.append((real, options.model_examples))
    rows = []
    for side, examples in sides:
        for task, count in TASKS:
            rows += case(task, count, side, examples)
            print(*rows[-2:], sep="\n", flush=True)
    orders = {side.name: [layer for layer, _ in side.scorer.order] for side, _ in sides}
    record("scoring", folder_of(options), rows, order=orders["random"], orders=orders)


if __name__ == "__main__":
    main()
