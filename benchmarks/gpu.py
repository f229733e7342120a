"""On a GPU: explaining a pruning path against the study's procedure, and scoring against the card's matrix rate.

The work: a Llama of Llama-2-7B's shape with random weights in bfloat16; LIME and KernelSHAP with 3 samples per token on
prompts of 64 to 128 tokens, levels 0..8 of the cosine criterion's order, targets of one and four tokens. Captum is
timed as in `path.py`, on a sample of (prompt, level) pairs. In bfloat16 both sides round differently by batch; the
largest difference of their scores is reported, not judged.

Rate: floating-point operations that the dense model needs per second of scoring, over the measured bfloat16 rate of
matrix products of the card.

    python benchmarks/gpu.py [--prompts 4] [--pairs 3]
    python benchmarks/gpu.py --small      # a tiny model on any device

Prints two tables and writes results/benchmarks/gpu.json.
"""

import sys

import numpy as np
import torch
from setup.command import command, folder_of
from setup.flops import forward
from setup.llama import LLAMA_2_7B, TINY, Shape, random_inputs
from setup.record import record, show, significant
from setup.study import SEED, Study, compare_all, geometric_mean, prepare
from setup.timing import matrix_rate, timed

LEVELS = list(range(9))
TARGET_TOKENS = (1, 4)
SCORED_PROMPTS = 512
REPEATS = 3


def rate(study: Study, shape: Shape, prompts: int) -> dict[str, object]:
    """One row: the rate of scoring at level 0, that of matrix products, and their ratio."""
    inputs = random_inputs(shape, prompts, (64, 128), SEED)
    lengths = [len(item.prompt_ids) for item in inputs]
    study.scorer.log_likelihoods(inputs[: prompts // 4], [0])
    seconds = min(
        timed(lambda: study.scorer.log_likelihoods(inputs, [0]), study.device)[0]
        for _ in range(REPEATS)
    )
    achieved = forward(shape, lengths, 2 * prompts) / seconds
    limit = matrix_rate(study.scorer.model.dtype, study.device)
    return {
        "parameters": shape.parameters,
        "token_budget": study.scorer.budget_used,
        "scoring_tflops": significant(achieved / 1e12),
        "matrix_product_tflops": significant(limit / 1e12),
        "ratio": significant(achieved / limit),
    }


def main() -> None:
    arguments = command(__doc__)
    arguments.add_argument("--prompts", type=int, default=4)
    arguments.add_argument("--pairs", type=int, default=3, help="timed with Captum per case")
    options = arguments.parse_args()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cpu" and not options.small:
        sys.exit("gpu.py: no GPU here; try `python benchmarks/gpu.py --small` to test the script")
    shape, lengths = (TINY, (8, 16)) if options.small else (LLAMA_2_7B, (64, 128))
    counts = np.linspace(*lengths, options.prompts).round().astype(int).tolist()
    levels = LEVELS[: shape.layers + 1]
    study = prepare(shape, counts, TARGET_TOKENS, dtype=torch.bfloat16, device=device)
    rates = [rate(study, shape, 16 if options.small else SCORED_PROMPTS)]
    show(rates)
    rows = compare_all(study, TARGET_TOKENS, levels, options.pairs)
    record(
        "gpu",
        folder_of(options),
        rows,
        device=device,
        rates=rates,
        geometric_mean=round(geometric_mean(rows), 2),
    )


if __name__ == "__main__":
    main()
