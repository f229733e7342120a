"""Explaining a whole pruning path: keepfaith against the study's procedure, Captum level by level at batch 1.

The work: LIME and KernelSHAP with 3 samples per token, levels 0..8 of a 16-layer Llama of 20 M parameters with random
weights, prompts of 64 to 128 tokens, targets of one and of four tokens. The order is the cosine criterion's on random
text. Both sides run on the same machine in turn, with the same masks (same seed) and all threads.

Captum runs in its correct setting (`use_cached_outputs=False`). At batch 1 its time is a sum over prompts and levels,
so a sample of these pairs is timed for each case, from the shortest prompt to the longest and from level 0 to 8, and
scaled to the whole by the tokens and layers it feeds; `--pairs 0` times them all (hours). keepfaith runs
completely. The scores of every timed pair are compared. The part of the factor that comes from sharing layers between
levels is measured on the shortest prompt, all levels in one pass against level by level; the rest is batching.

    python benchmarks/path.py [--prompts 16] [--pairs 3]

Prints a table and writes results/benchmarks/path.json.
"""

import numpy as np
from setup.command import command, folder_of
from setup.llama import SMALL, TINY
from setup.record import record
from setup.study import compare_all, geometric_mean, prepare

LEVELS = list(range(9))
TARGET_TOKENS = (1, 4)


def main() -> None:
    arguments = command(__doc__)
    arguments.add_argument("--prompts", type=int, default=16)
    arguments.add_argument("--pairs", type=int, default=3, help="timed with Captum per case")
    arguments.add_argument("--budget", type=int, help="token budget of keepfaith; found if absent")
    options = arguments.parse_args()
    shape, lengths = (TINY, (8, 16)) if options.small else (SMALL, (64, 128))
    counts = np.linspace(*lengths, options.prompts).round().astype(int).tolist()
    levels = LEVELS[: shape.layers + 1]
    study = prepare(shape, counts, TARGET_TOKENS, options.budget)
    rows = compare_all(study, TARGET_TOKENS, levels, options.pairs)
    record(
        "path",
        folder_of(options),
        rows,
        order=[layer for layer, _ in study.scorer.order],
        parameters=shape.parameters,
        geometric_mean=round(geometric_mean(rows), 2),
        equal_to_1e4=all(float(str(row["largest_difference"])) <= 1e-4 for row in rows),
    )


if __name__ == "__main__":
    main()
