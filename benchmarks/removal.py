"""Does the ranking of explanation methods depend on how segments are removed?

Explains the predictions of the built-in model, dense, on fresh examples of every built-in task, and judges the
methods by the table of coalitions under each segment operator: segments cut out, replaced, or hidden by the attention
mask. With --model and --data also a real model on SST-2. Rows: mean faithfulness of every method by operator. Below:
Kendall's tau between the rankings of the methods under two operators, with a 95 % bootstrap interval over examples.

    python benchmarks/removal.py [--examples 60] [--segments 8] [--model FOLDER --data FOLDER]

Prints tables and writes results/benchmarks/removal.json.
"""

from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.stats import kendalltau
from setup import ROOT
from setup.command import command, folder_of
from setup.real import add_model, missing
from setup.record import record, show

from keepfaith.attribution.explain import explain
from keepfaith.coalitions.explanations import judge_segments
from keepfaith.coalitions.table import score_coalitions
from keepfaith.config.load import load_study
from keepfaith.models.builtin import CHECKPOINT
from keepfaith.plugins.method import METHODS
from keepfaith.plugins.segment_operator import SEGMENT_OPERATORS
from keepfaith.scoring.encoding import PromptEncoder
from keepfaith.scoring.opening import Scoring, open_scorer
from keepfaith.scoring.predict import predict
from keepfaith.scoring.scorer import OptionScorer
from keepfaith.tasks.builtin import TASKS
from keepfaith.tasks.prepare import prepare_task

SEEDS = {"lime": (0, 1, 2), "kernelshap": (0, 1, 2)}
"""Of the sampled methods; the others have one."""
METHODS_JUDGED = (
    "lime",
    "kernelshap",
    "integrated_gradients",
    "input_x_gradient",
    "gradient_norm",
    "attnlrp",
)
DENSE = (0,)
DIGITS = 6
"""Of a mean: two methods that order the segments of every text alike differ by less, and by rounding alone."""
REPETITIONS = 2000


class Case(NamedTuple):
    """One task for one model."""

    model: str
    task: str
    examples: pl.DataFrame
    scorer: OptionScorer
    encoder: PromptEncoder


def cases(count: int, builtin: list[str], model: Path | None, data: Path | None) -> Iterator[Case]:
    """Built-in tasks for the built-in model, then SST-2 for the real model, if there is one."""
    folders = [(CHECKPOINT, builtin, "builtin")]
    if model is not None and data is not None:
        folders.append((model, ["sst2"], "local"))
    for folder, tasks, source in folders:
        study = {
            "name": "removal",
            "models": ["builtin"],
            "orders": ["last_k"],
            "tasks": tasks,
            "task_source": source,
            "folders": {"data": str(data)} if source == "local" else {},
            "methods": ["lime"],
            "examples": {"evaluation": count, "explanation": count, "tuning": 0},
        }
        settings = load_study(study, [ROOT / "config" / "catalog"])
        scoring = Scoring("auto", "float32", "cpu", "refuse", 1)
        scorer, encoder = open_scorer(folder, [], scoring)
        for task in tasks:
            examples = prepare_task(settings.tasks[task], settings.study.examples).examples
            yield Case(folder.name, task, examples, scorer, encoder)


def faithfulness(case: Case, segments: int) -> pl.DataFrame:
    """Mean faithfulness over seeds by operator, method and example, of the examples that every operator can judge."""
    predictions = predict(case.scorer, case.encoder, case.examples, DENSE)
    tables = [
        explain(
            name,
            METHODS.load(name).settings(),
            seed,
            case.scorer,
            case.encoder,
            case.examples,
            DENSE,
            predictions,
        )
        for name in METHODS_JUDGED
        for seed in SEEDS.get(name, (0,))
    ]
    operators = SEGMENT_OPERATORS.names()
    coalitions = score_coalitions(
        case.scorer, case.encoder, case.examples, DENSE, segments, operators
    )
    judged = judge_segments(coalitions, tables).explanations
    means = judged.group_by("operator", "method", "example_id").agg(pl.col("faithfulness").mean())
    # Chance and best order differ by operator: under one of them an example may have nothing to explain.
    known = means.group_by("example_id").agg(every=pl.col("faithfulness").is_not_null().all())
    return means.join(known.filter("every"), on="example_id", how="semi").sort(
        "operator", "method", "example_id"
    )


def agreement(case: Case, table: pl.DataFrame) -> list[dict[str, object]]:
    """Kendall's tau of the methods' ranking between every two operators, with its interval over examples."""
    operators = table["operator"].unique().sort().to_list()
    methods = table["method"].unique().sort().to_list()
    values = table["faithfulness"].to_numpy().reshape(len(operators), len(methods), -1)
    examples = values.shape[2]
    draws = np.random.default_rng(0).multinomial(
        examples, np.full(examples, 1 / examples), REPETITIONS
    )
    resampled = (values @ draws.T / examples).round(DIGITS)  # [operators, methods, R]
    observed = values.mean(axis=2).round(DIGITS)
    rows: list[dict[str, object]] = []
    for one, other in combinations(range(len(operators)), 2):
        taus: NDArray[np.float64] = np.array(
            [
                kendalltau(a, b).statistic
                for a, b in zip(resampled[one].T, resampled[other].T, strict=True)
            ]
        )
        low, high = np.quantile(taus, [0.025, 0.975])
        tau = kendalltau(observed[one], observed[other]).statistic
        rows.append(
            {
                "model": case.model,
                "task": case.task,
                "operators": f"{operators[one]}, {operators[other]}",
                "methods": len(methods),
                "examples": examples,
                "kendall_tau": round(float(tau), 3),
                "low": round(float(low), 3),
                "high": round(float(high), 3),
            }
        )
    return rows


def main() -> None:
    arguments = command(__doc__)
    arguments.add_argument("--examples", type=int, default=60, help="explained examples per task")
    arguments.add_argument("--segments", type=int, default=8, help="most segments of a text")
    add_model(arguments)
    options = arguments.parse_args()
    if reason := missing(options.model, options.data):
        print(reason, flush=True)
        options.model = None
    count, segments = (6, 3) if options.small else (options.examples, options.segments)
    tasks = list(TASKS)[:1] if options.small else list(TASKS)
    rows: list[dict[str, object]] = []
    taus: list[dict[str, object]] = []
    for case in cases(count, tasks, options.model, options.data):
        table = faithfulness(case, segments)
        means = table.group_by("method", "operator").agg(
            pl.col("faithfulness").mean().round(DIGITS)
        )
        wide = means.pivot("operator", index="method", values="faithfulness", sort_columns=True)
        where = {"model": case.model, "task": case.task}
        rows += [where | row for row in wide.sort("delete", descending=True).to_dicts()]
        taus += agreement(case, table)
        show(taus)
    record("removal", folder_of(options), rows, agreement=taus)


if __name__ == "__main__":
    main()
