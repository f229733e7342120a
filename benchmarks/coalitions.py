"""The table of coalitions against what it replaces: the study's explanations and their token-by-token judgement.

For a 16-layer Llama of 20 M parameters with random weights (levels 0..8, prompts of random words) and, with `--model`,
a real model (levels 0..15 of its own cosine order, examples of sst2, arc_easy and boolq in `--data`), what each of
these takes at all levels, in rows, tokens fed and seconds:

- table: `score_coalitions`, every subset of N segments, all options, operator delete;
- plain rows: the same without sharing beginnings in a trie;
- study: LIME and KernelSHAP with 3 samples per token and three seeds, by keepfaith, and the pass of faithfulness;
- Captum: the same explanations at batch 1 and level by level, and the judgement by plain forward passes at batch 1.

Rows and tokens are counted completely; a call of the scorer runs `--batches` of its batches and the rest of the seconds
is scaled by padded tokens: the column `basis` says from how many rows. `--batches 0` runs everything (hours). Values of
the table's rows and of plain rows are compared where both were run. The second table: what a sweep over all levels
computes of what the levels take by themselves, by arithmetic and measured.

    python benchmarks/coalitions.py [--model FOLDER --data FOLDER] [--examples 2] [--batches 2]

SmolLM2-135M-Instruct is such a model. Needs a quiet machine: the ways are timed one after the other. Prints two tables
and writes results/benchmarks/coalitions.json and .csv.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
import torch
from setup import ROOT
from setup.command import command, folder_of
from setup.llama import SMALL, TINY, Shape, random_llama, word_tokenizer, words
from setup.protocol import Protocol
from setup.real import add_model, levels_of, missing, real_model
from setup.record import record, show, significant
from setup.sampled import Cost, SampledScorer
from setup.sharing import sharing

from keepfaith.coalitions.table import score_coalitions
from keepfaith.config.load import load_study
from keepfaith.models.components import Component
from keepfaith.models.removal import PrunableModel
from keepfaith.orders.order import candidates
from keepfaith.plugins.criterion import CRITERIA
from keepfaith.scoring.encoding import PromptEncoder
from keepfaith.scoring.inputs import ScoringInput
from keepfaith.scoring.layout import Packing
from keepfaith.tasks.prepare import prepare_task

SEED = 0
OPERATOR = "delete"
TEMPLATE = 10
"""Words after the text that is explained: a question, as real tasks have one."""
RANDOM_LEVELS = list(range(9))
RANDOM_BATCHES = 2
"""Times as many batches of the random model are run: it is smaller."""
TASKS = ("sst2", "arc_easy", "boolq")
TOLERANCE = 1e-4
SWEPT = 8
"""Variants of a prompt on which the sharing of levels is measured."""
AIMS = {8: {"study": 3, "captum": 30}, 10: {"study": 3, "captum": 10}}
"""By segments: how many times as long the others should take as the table, from `AIMED_TOKENS` tokens on."""
AIMED_TOKENS = 64


@dataclass(frozen=True)
class Work:
    """A model with its order, and examples; `case` says which, and `batches` how many each call of the scorer runs."""

    model: PrunableModel
    order: list[Component]
    encoder: PromptEncoder
    levels: list[int]
    examples: pl.DataFrame
    model_name: str
    case: str
    batches: int

    def scorer(self, options: argparse.Namespace, packing: Packing | None = None) -> SampledScorer:
        """A new scorer, warmed up."""
        scorer = SampledScorer(self.model, self.order, self.batches, options.budget, packing)
        prompt, choices = self.examples.select("prompt", "options").row(0)
        encoded = self.encoder.encode(prompt, choices)
        scorer.log_likelihoods([ScoringInput(encoded.prompt_ids, encoded.option_ids)], self.levels)
        return scorer


def random_works(shape: Shape, options: argparse.Namespace) -> Iterator[Work]:
    """Prompts of these lengths in tokens, for a random model with its cosine order."""
    model = PrunableModel(random_llama(shape))
    generator = np.random.default_rng(SEED)
    text = torch.from_numpy(generator.integers(3, shape.vocabulary, (1, 512)))
    ranked = CRITERIA.load("cosine").rank(
        model, [text], candidates(model.layers, "attention"), SEED
    )
    order = [component for component, _ in ranked]
    encoder = PromptEncoder(word_tokenizer(shape.vocabulary), shape.positions)
    for length in options.lengths:
        rows = []
        for number in range(options.examples):
            explained = words(generator, length - TEMPLATE, shape.vocabulary)
            rows.append(
                {
                    "example_id": str(number),
                    "prompt": f"{explained} {words(generator, TEMPLATE, shape.vocabulary)}",
                    "fields": [{"name": "text", "start": 0, "end": len(explained)}],
                    "options": [f" w{word}" for word in (5, 7)],
                }
            )
        levels = RANDOM_LEVELS[: shape.layers + 1]
        yield Work(
            model,
            order,
            encoder,
            levels,
            pl.DataFrame(rows),
            "random",
            f"{length} tokens",
            RANDOM_BATCHES * options.batches,
        )


def real_works(options: argparse.Namespace) -> Iterator[Work]:
    """The first explained examples of the tasks, for a real model; without data, of a built-in task."""
    folder, data, count = options.model, options.data, options.examples
    model, order, encoder = real_model(folder, data)
    study = {
        "name": "coalitions",
        "models": ["builtin"],
        "orders": ["last_k"],
        "tasks": options.tasks if data else ["sentiment"],
        "methods": ["random"],
        "task_source": "local" if data else "builtin",
        "folders": {"data": str(data)} if data else {},
        "examples": {"evaluation": count, "explanation": count, "tuning": 0},
        "report": {"explained_examples": 1},
    }
    settings = load_study(study, [ROOT / "config" / "catalog"])
    for name, task in settings.tasks.items():
        examples = prepare_task(task, settings.study.examples).examples
        chosen = examples.filter(pl.col("explanation")).select(
            "example_id", "prompt", "fields", "options"
        )
        levels = levels_of(model)
        yield Work(model, order, encoder, levels, chosen, folder.name, name, options.batches)


def measured(work: Work, options: argparse.Namespace) -> list[dict[str, object]]:
    """The rows of one case."""
    costs: dict[tuple[str, int | None], Cost] = {}
    scorer, plain = work.scorer(options), work.scorer(options, Packing(False, "to compare"))
    differences = {}
    for segments in options.segments:
        for name, one in (("table", scorer), ("plain rows", plain)):
            costs[name, segments], _ = one.cost(
                lambda one=one, segments=segments: score_coalitions(
                    one, work.encoder, work.examples, work.levels, segments, [OPERATOR]
                )
            )
            if one is scorer:
                fed = dict(scorer.fed)
        differences[segments] = difference(work, fed, plain, options.checked)
    protocol = Protocol(scorer, work.encoder, work.examples, work.levels)
    explained, judged = protocol.explanations(), protocol.judgement()
    costs["study", None] = explained + judged
    costs["of it judged", None] = judged
    costs["captum", None] = protocol.captum(options.captum_samples)
    for (way, segments), cost in costs.items():
        print(
            work.model_name,
            work.case,
            way,
            segments or "",
            f"{cost.seconds:.3g} s,",
            cost.basis,
            flush=True,
        )
    tokens = np.mean([len(encoded.prompt_ids) for encoded in protocol.encoded.values()])
    return [
        row(work, float(tokens), way, segments, cost, costs)
        | {"largest_difference": differences[segments] if way == "plain rows" else None}
        for (way, segments), cost in costs.items()
    ]


def difference(
    work: Work, fed: dict[object, np.ndarray], plain: SampledScorer, count: int
) -> float:
    """Largest difference between values of the table's rows and of plain rows, over some of the inputs run.

    Raises:
        AssertionError: it is not below `TOLERANCE`.
    """
    inputs = list(fed)
    chosen = [inputs[int(place * len(inputs) / count)] for place in range(min(count, len(inputs)))]
    batches, plain.batches = plain.batches, 0
    apart = plain.log_likelihoods(chosen, work.levels)
    plain.batches = batches
    found = max(
        float(np.abs(fed[item] - alone).max()) for item, alone in zip(chosen, apart, strict=True)
    )
    assert found < TOLERANCE, f"{work.case}: the table and plain rows differ by {found:.1e}"
    return found


def row(
    work: Work,
    tokens: float,
    way: str,
    segments: int | None,
    cost: Cost,
    costs: dict[tuple[str, int | None], Cost],
) -> dict[str, object]:
    """One way of one case, and how many times the table's tokens and seconds it takes."""
    found: dict[str, object] = {
        "model": work.model_name,
        "case": work.case,
        "prompt_tokens": round(tokens, 1),
        "examples": work.examples.height,
        "way": way,
        "segments": segments,
        "rows": round(cost.rows),
        "tokens": round(cost.tokens),
        "seconds": significant(cost.seconds, 3),
        "basis": cost.basis,
    }
    for (other, own), table in costs.items():
        if other == "table":
            comparable = segments in (None, own)
            for name in ("tokens", "seconds"):
                factor = getattr(cost, name) / getattr(table, name)
                found[f"{name}_times_{own}"] = significant(factor, 3) if comparable else None
    return found


def aims(rows: list[dict[str, object]]) -> list[str]:
    """One sentence per aim and case that it is set for."""
    found = []
    for one in rows:
        for segments, wanted in AIMS.items():
            way, factor = str(one["way"]), one.get(f"seconds_times_{segments}")
            if (
                way not in wanted
                or factor is None
                or float(str(one["prompt_tokens"])) < AIMED_TOKENS
            ):
                continue
            met = "met" if float(str(factor)) >= wanted[way] else "not met"
            found.append(
                f"{one['model']}, {one['case']}, N = {segments}: {way} takes {factor} times the table, aim "
                f"{wanted[way]}: {met}"
            )
    return found


def parsed() -> argparse.Namespace:
    """The command line."""
    arguments = command(__doc__)
    add_model(arguments)
    arguments.add_argument(
        "--lengths", type=int, nargs="+", default=[32, 64, 128], help="of random prompts, in tokens"
    )
    arguments.add_argument("--tasks", nargs="+", default=list(TASKS), help="of the real model")
    arguments.add_argument("--segments", type=int, nargs="+", default=[8, 10])
    arguments.add_argument("--examples", type=int, default=2, help="per case")
    arguments.add_argument("--batches", type=int, default=2, help="run per call; 0 for all")
    arguments.add_argument("--budget", type=int, default=512, help="tokens per batch")
    arguments.add_argument(
        "--checked", type=int, default=2, help="inputs compared per case and number of segments"
    )
    arguments.add_argument("--captum-samples", type=int, default=8, help="per timed call of Captum")
    return arguments.parse_args()


def works(options: argparse.Namespace) -> Iterator[Work]:
    """The random model's cases, then the real one's where there is one."""
    shape = TINY if options.small else SMALL
    yield from random_works(shape, options)
    if reason := missing(options.model, options.data):
        print(reason, flush=True)
    else:
        yield from real_works(options)


def main() -> None:
    options = parsed()
    rows: list[dict[str, object]] = []
    shared: list[dict[str, object]] = []
    for work in works(options):
        of_work = measured(work, options)
        rows += of_work
        if work.model_name not in {one["model"] for one in shared}:
            shared.append(swept(work, options))
            show(shared[-1:])
    found = aims(rows)
    print(*found, sep="\n")
    record(
        "coalitions",
        folder_of(options),
        rows,
        sharing=shared,
        aims=found,
        aims_met=all(sentence.endswith(": met") for sentence in found) if found else None,
        not_measured=missing(options.model, options.data) or None,
    )


def swept(work: Work, options: argparse.Namespace) -> dict[str, object]:
    """What level sharing saves, on prompts of a case that each lack one of their tokens."""
    inputs = []
    for prompt, choices in work.examples.select("prompt", "options").iter_rows():
        encoded = work.encoder.encode(prompt, choices)
        lacking = range(0, len(encoded.prompt_ids), max(1, len(encoded.prompt_ids) // SWEPT))
        inputs += [
            ScoringInput(
                encoded.prompt_ids[:one] + encoded.prompt_ids[one + 1 :], encoded.option_ids
            )
            for one in lacking
        ]
    return sharing(work.model_name, work.scorer(options), inputs, work.levels)


if __name__ == "__main__":
    main()
