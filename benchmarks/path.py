"""Explaining a whole pruning path: keepfaith against the study's procedure, Captum level by level at batch 1.

The work: LIME and KernelSHAP with 3 samples per token, levels 0..8 of a 16-layer Llama of 20 M parameters with random
weights, prompts of 64 to 128 tokens, targets of one and of four tokens. The order is the cosine criterion's on random
text. Both sides run on the same machine in turn, with the same masks (same seed) and all threads.

Captum runs in its correct setting (`use_cached_outputs=False`). At batch 1 its time is a sum over prompts and levels,
so a sample of these pairs is timed for each case, from the shortest prompt to the longest and from level 0 to 8, and
scaled to the whole by the tokens and layers it feeds; `--pairs 0` times them all (hours). keepfaith runs
completely. The scores of every timed pair are compared. The part of the factor that comes from sharing layers between
levels is measured on the shortest prompt, all levels in one pass against level by level; the rest is batching.

With `--model`, the same for a real model beside it: levels 0..15 of its own cosine order, shorter prompts, targets of
one and of two tokens.

    python benchmarks/path.py [--prompts 16] [--pairs 3] [--model FOLDER --data FOLDER]

Prints a table and writes results/benchmarks/path.json.
"""

import numpy as np
from setup.command import command, folder_of
from setup.llama import SMALL, TINY
from setup.real import add_model, levels_of, missing
from setup.record import record
from setup.study import compare_all, geometric_mean, prepare, prepare_real

LEVELS = list(range(9))
TARGET_TOKENS = (1, 4)
REAL_TARGET_TOKENS = (1, 2)


def main() -> None:
    arguments = command(__doc__)
    arguments.add_argument("--prompts", type=int, default=16)
    arguments.add_argument("--pairs", type=int, default=3, help="timed with Captum per case")
    arguments.add_argument("--budget", type=int, help="token budget of keepfaith; found if absent")
    add_model(arguments)
    arguments.add_argument(
        "--model-lengths", type=int, nargs="+", default=[16, 24], help="of its prompts, in tokens"
    )
    options = arguments.parse_args()
    shape, lengths = (TINY, (8, 16)) if options.small else (SMALL, (64, 128))
    counts = np.linspace(*lengths, options.prompts).round().astype(int).tolist()
    levels = LEVELS[: shape.layers + 1]
    study = prepare(shape, counts, TARGET_TOKENS, options.budget)
    rows = compare_all(study, TARGET_TOKENS, levels, options.pairs)
    real_rows: list[dict[str, object]] = []
    if reason := missing(options.model, options.data):
        print(reason, flush=True)
    else:
        real = prepare_real(
            options.model, options.data, options.model_lengths, REAL_TARGET_TOKENS, options.budget
        )
        real_rows = compare_all(
            real, REAL_TARGET_TOKENS, levels_of(real.scorer.model), options.pairs
        )
    record(
        "path",
        folder_of(options),
        rows + real_rows,
        order=[layer for layer, _ in study.scorer.order],
        parameters=shape.parameters,
        geometric_mean=round(geometric_mean(rows), 2),
        geometric_mean_of_real=round(geometric_mean(real_rows), 2) if real_rows else None,
        real_order=[layer for layer, _ in real.scorer.order] if real_rows else None,
        equal_to_1e4=all(float(str(row["largest_difference"])) <= 1e-4 for row in rows + real_rows),
    )


if __name__ == "__main__":
    main()
