"""Rate of scoring relative to the processor's limit, and growth with the number of examples.

Rate: floating-point operations that the dense model needs (`setup/flops.py`, padding not counted) per second of
scoring, over the machine's measured float32 matrix-product rate, for Llamas of 20 M and 118 M parameters with random
weights and prompts of 64 to 128 tokens. Both rates are measured in turn, several times; the medians are compared.

Growth: predictions of 100, 1,000 and 10,000 examples of the built-in task `sentiment`, levels 0..3 of the 20 M model,
shards written to disk as in the workflow, each size in its own process; seconds of work and the process's peak memory.
The sizes are measured in turn, several rounds, and the fastest round of each counts: what else the machine does can
only slow it down.

    python benchmarks/limit.py [--examples 100 1000 10000]

Prints two tables and writes results/benchmarks/limit.json.
"""

import json
import resource
import statistics
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import polars as pl
from setup.command import command, folder_of
from setup.flops import forward
from setup.llama import LARGE, SMALL, TINY, Shape, random_inputs, random_llama
from setup.record import record, show, significant
from setup.timing import matrix_rate, timed
from transformers import AutoTokenizer

from keepfaith.artifacts.shards import Shards
from keepfaith.models.builtin import CHECKPOINT
from keepfaith.models.removal import PrunableModel
from keepfaith.scoring.encoding import PromptEncoder
from keepfaith.scoring.predict import predict
from keepfaith.scoring.scorer import OptionScorer
from keepfaith.tasks.builtin import generate
from keepfaith.training.builtin import option_of, prompt_of

SEED = 0
REPEATS = 5
LEVELS = [0, 1, 2, 3]
LENGTHS = (64, 128)


def rate(shape: Shape, small: bool) -> dict[str, object]:
    """One row: the rate of scoring, that of matrix products, and their ratio."""
    prompts = 8 if small else 64
    model = PrunableModel(random_llama(shape))
    scorer = OptionScorer(model, list(range(shape.layers)))
    inputs = random_inputs(shape, prompts, LENGTHS, SEED)
    lengths = [len(item.prompt_ids) for item in inputs]
    needed = forward(shape, lengths, 2 * prompts)
    scorer.log_likelihoods(inputs[: prompts // 4], [0])
    pairs = []
    for _ in range(REPEATS):
        limit = matrix_rate(small=small)
        seconds, _ = timed(lambda: scorer.log_likelihoods(inputs, [0]))
        pairs.append((needed / seconds, limit))
    achieved, limit = (statistics.median(column) for column in zip(*pairs, strict=True))
    return {
        "parameters": shape.parameters,
        "tokens": sum(lengths),
        "scoring_gflops": significant(achieved / 1e9),
        "matrix_product_gflops": significant(limit / 1e9),
        "ratio": significant(achieved / limit),
    }


def grow(examples: int, shape: Shape) -> dict[str, object]:
    """One row: seconds and peak memory of this process while it predicts this many examples."""
    tokenizer = AutoTokenizer.from_pretrained(CHECKPOINT)
    model = random_llama(replace(shape, vocabulary=len(tokenizer)))
    scorer = OptionScorer(PrunableModel(model), list(reversed(range(shape.layers))))
    encoder = PromptEncoder(tokenizer, shape.positions)
    found = generate("sentiment", "evaluation", examples, SEED)
    table = pl.DataFrame(
        {
            "example_id": [str(number) for number in range(examples)],
            "prompt": [prompt_of(example) for example in found],
            "options": [[option_of(example, choice) for choice in (0, 1)] for example in found],
        }
    )
    tokens = sum(len(tokenizer.encode(prompt)) for prompt in table["prompt"])
    predict(scorer, encoder, table[:100], LEVELS)
    # A short run is timed several times, to reduce the effect of chance.
    repeats = max(1, min(5, 1000 // examples))
    with tempfile.TemporaryDirectory() as folder:
        seconds = []
        for repeat in range(repeats):
            shards = Shards(Path(folder) / f"{repeat}.parquet", "growth")
            spent, _ = timed(
                lambda shards=shards: predict(scorer, encoder, table, LEVELS, shards.get)
            )
            seconds.append(spent)
    return {
        "examples": examples,
        "tokens": tokens,
        "seconds": round(statistics.median(seconds), 3),
        "us_per_token": round(1e6 * statistics.median(seconds) / tokens, 2),
        "peak_memory_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    }


def grown(sizes: list[int], shape: Shape, rounds: int) -> list[dict[str, object]]:
    """A row per size, the fastest of `rounds`, each from a new process that runs `grow`."""
    code = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import json, limit; "
        "print(json.dumps(limit.grow(int(sys.argv[1]), limit.Shape(**json.loads(sys.argv[2])))))"
    )
    found: dict[int, list[dict[str, object]]] = {size: [] for size in sizes}
    for _ in range(rounds):
        for size in sizes:
            command = [sys.executable, "-c", code, str(size), json.dumps(vars(shape))]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            found[size].append(json.loads(done.stdout.splitlines()[-1]))
            print(found[size][-1], flush=True)
    return [min(rows, key=lambda row: float(str(row["seconds"]))) for rows in found.values()]


def spread(rows: list[dict[str, object]], column: str) -> float:
    """Excess of the largest value over the smallest, as a share."""
    values = [float(str(row[column])) for row in rows]
    return max(values) / min(values) - 1


def main() -> None:
    arguments = command(__doc__)
    arguments.add_argument("--examples", type=int, nargs="+", default=[100, 1000, 10_000])
    arguments.add_argument("--rounds", type=int, default=3)
    options = arguments.parse_args()
    shapes = (TINY, TINY) if options.small else (SMALL, LARGE)
    rates = [rate(shape, options.small) for shape in shapes]
    show(rates)
    growth = grown(options.examples, shapes[0], options.rounds)
    record(
        "limit",
        folder_of(options),
        growth,
        rates=rates,
        ratio_of_the_larger=rates[-1]["ratio"],
        time_per_token_grows_by=round(spread(growth, "us_per_token"), 3),
        peak_memory_grows_by=round(spread(growth, "peak_memory_mib"), 3),
    )


if __name__ == "__main__":
    main()
