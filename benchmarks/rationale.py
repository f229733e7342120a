"""Does KernelSHAP find the planted rationales of the built-in tasks?

For every built-in task: explain the built-in model's predictions on fresh evaluation examples and measure R-precision,
the share of the m rationale tokens among the m highest-scored tokens. Random scores are the control; the interval is a
paired bootstrap over examples of the difference. At the study's 3 samples per token, and at more.

    python benchmarks/rationale.py [--examples 100] [--samples 3 20]

Prints a table and writes results/benchmarks/rationale.json.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.stats import bootstrap
from setup import ROOT
from setup.command import command, folder_of
from setup.record import record

from keepfaith.attribution.explain import explain
from keepfaith.config.load import load_study
from keepfaith.faithfulness.rationale import r_precision
from keepfaith.models.builtin import CHECKPOINT
from keepfaith.plugins.method import METHODS
from keepfaith.scoring.encoding import PromptEncoder
from keepfaith.scoring.opening import Scoring, open_scorer
from keepfaith.scoring.predict import predict
from keepfaith.scoring.scorer import OptionScorer
from keepfaith.tasks.builtin import TASKS
from keepfaith.tasks.prepare import prepare_task

SEEDS = (0, 1, 2)
DENSE = (0,)
Shares = NDArray[np.float64]


def shares(
    method: str,
    chosen: dict[str, int],
    examples: pl.DataFrame,
    scorer: OptionScorer,
    encoder: PromptEncoder,
    predictions: pl.DataFrame,
) -> Shares:
    """Mean over seeds of the R-precision of every example, in the order of their names."""
    settings = METHODS.load(method).settings(**chosen)
    tables = [
        explain(method, settings, seed, scorer, encoder, examples, DENSE, predictions)
        for seed in SEEDS
    ]
    table = r_precision(pl.concat(tables), examples)
    means = table.group_by("example_id").agg(pl.col("r_precision").mean()).sort("example_id")
    return means["r_precision"].to_numpy()


def judged(task: str, samples: int, found: Shares, chance: Shares) -> dict[str, object]:
    """One row of the table: R-precision, and its excess over random scores with a 95 % interval."""
    difference = found - chance
    interval = bootstrap((difference,), np.mean, method="percentile", rng=0).confidence_interval
    return {
        "task": task,
        "samples_per_token": samples,
        "examples": len(found),
        "r_precision": round(float(found.mean()), 4),
        "above_random": round(float(difference.mean()), 4),
        "low": round(float(interval.low), 4),
        "high": round(float(interval.high), 4),
    }


def main() -> None:
    arguments = command(__doc__)
    arguments.add_argument("--examples", type=int, default=100, help="explained examples per task")
    arguments.add_argument("--samples", type=int, nargs="+", default=[3, 20], help="per token")
    options = arguments.parse_args()
    count = 4 if options.small else options.examples
    study = {
        "name": "rationale",
        "models": ["builtin"],
        "orders": ["last_k"],
        "tasks": list(TASKS),
        "methods": ["kernelshap"],
        "examples": {"evaluation": count, "explanation": count, "tuning": 0},
    }
    settings = load_study(study, [ROOT / "config" / "catalog"])
    scorer, encoder = open_scorer(CHECKPOINT, [], Scoring("auto", "float32", "cpu", "refuse", 1))
    found: dict[int, list[Shares]] = {samples: [] for samples in options.samples}
    chance: list[Shares] = []
    rows = []
    for task in TASKS:
        examples = prepare_task(settings.tasks[task], settings.study.examples).examples
        predictions = predict(scorer, encoder, examples, DENSE)
        chance.append(shares("random", {}, examples, scorer, encoder, predictions))
        for samples in options.samples:
            chosen = {"samples_per_token": samples}
            found[samples].append(
                shares("kernelshap", chosen, examples, scorer, encoder, predictions)
            )
            rows.append(judged(task, samples, found[samples][-1], chance[-1]))
            print(rows[-1], flush=True)
    for samples in options.samples:
        rows.append(judged("all", samples, np.concatenate(found[samples]), np.concatenate(chance)))
    record("rationale", folder_of(options), rows)


if __name__ == "__main__":
    main()
