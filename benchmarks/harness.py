"""Are tasks of lm-evaluation-harness asked and counted as it asks and counts them itself?

For each task and number of solved examples: `sources.harness` of keepfaith beside the harness's own evaluation of the
same rows by the same model. Requests (prompt and continuation) are compared as texts, one by one; then log-likelihoods,
accuracy and length-normalised accuracy (by characters). With a chat template, keepfaith's own tasks of the same wording
stand beside the harness's under `--apply_chat_template`, since `sources.harness` takes none.

Without `--model` and `--data` the built-in model answers rows that the script makes: requests are compared, and the
accuracies mean nothing. `--data` is a folder of local tasks (folders.data), of which arc_easy and boolq are read. Other
tasks have rows of the user, in the form of the data set on the hub: the first are evaluated, the next are solved.

    python benchmarks/harness.py [--model FOLDER] [--data FOLDER] [--rows 100] [--shots 0 5] [--task piqa=FILE.jsonl]

Both cut a prompt on the left that is longer than the model admits: the harness each request by its own choice,
keepfaith one prompt for all choices alike, so that log-likelihoods differ where `prompts_cut` is not 0.

Prints a table and writes results/benchmarks/harness.json and harness.csv.
"""

import argparse
import logging
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple
from unittest import mock

import numpy as np
import polars as pl
from lm_eval import evaluator
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks import TaskManager
from lm_eval.tasks._yaml_loader import load_yaml
from setup import ROOT
from setup.command import command, folder_of
from setup.harness_rows import LOCAL, Row, local_rows, made_rows, overrides, write_lines
from setup.record import record
from setup.timing import timed

from keepfaith.calibration.normalised import choice_lengths
from keepfaith.config.catalog import read_entry
from keepfaith.config.schema import Examples, HarnessTaskSource, LocalTaskSource, Task
from keepfaith.config.settings import ResolvedTask
from keepfaith.models.builtin import CHECKPOINT
from keepfaith.models.chat import with_chat_template
from keepfaith.models.loading import load_model, load_tokenizer
from keepfaith.models.removal import PrunableModel
from keepfaith.scoring.encoding import PromptEncoder
from keepfaith.scoring.predict import predict
from keepfaith.scoring.scorer import OptionScorer
from keepfaith.tasks.harness import installed_tasks
from keepfaith.tasks.prepare import prepare_task

SOLVED = 200
"""Rows after the evaluated ones, of which solved examples are taken."""

PLAIN_CHAT = (
    "{% for m in messages %}<{{ m['role'] }}>{{ m['content'] }}</{{ m['role'] }}>\n{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)
"""A template for the built-in model, which has none."""

Request = tuple[str, str]
EXAMPLES = Examples(evaluation="all", explanation=0, tuning=0)


class Sides(NamedTuple):
    """The same model for both."""

    name: str
    scorer: OptionScorer
    encoder: PromptEncoder
    harness: HFLM


class Case(NamedTuple):
    """Rows of a task, of local data and as the harness reads them, and how they are asked."""

    task: str
    local: Sequence[Row]
    rows: Sequence[Row]
    solved: Sequence[Row]
    shots: int
    chat: bool


def asked(examples: pl.DataFrame) -> list[list[Request]]:
    """The requests of every row of EXAMPLES."""
    return [
        [(context, row["continuation"]) for context in row["contexts"]]
        if row["contexts"]
        else [(row["prompt"], option) for option in row["options"]]
        for row in examples.iter_rows(named=True)
    ]


def of_harness(case: Case, keys: dict[str, Any], sides: Sides, manager: TaskManager) -> Any:
    """Results and samples of the harness's evaluation."""
    path = manager.task_index[case.task].yaml_path
    assert path is not None
    # It asks pip for all packages at every evaluation, to note them beside its results.
    with mock.patch.object(evaluator, "add_env_info"):
        return evaluator.simple_evaluate(
            model=sides.harness,
            tasks=[{**load_yaml(path), **keys, "task": case.task}],
            task_manager=manager,
            num_fewshot=case.shots,
            apply_chat_template=case.chat,
            log_samples=True,
            bootstrap_iters=0,
        )


def of_keepfaith(case: Case, keys: dict[str, Any], folder: Path, sides: Sides) -> pl.DataFrame:
    """EXAMPLES of the same rows: of the harness's task, or with a chat template of our own of that wording."""
    if not case.chat:
        source = HarnessTaskSource(task=case.task, overrides=keys, num_fewshot=case.shots)
        task = Task(version=1, description=case.task, sources={"harness": source.model_dump()})
        return prepare_task(
            ResolvedTask(name="harness", task=task, source=source), EXAMPLES
        ).examples
    own = read_entry(Task, [ROOT / "config" / "catalog" / "tasks"], case.task, "benchmark")
    assert own.sources.local is not None
    splits = {"evaluation": str(write_lines(folder / "local.jsonl", case.local))}
    local = LocalTaskSource(**(own.sources.local.model_dump() | {"splits": splits}))
    found = prepare_task(ResolvedTask(name="own", task=own, source=local), EXAMPLES).examples
    return with_chat_template(found, sides.encoder.tokenizer, own.delimiter)


def compared(case: Case, sides: Sides, manager: TaskManager) -> dict[str, object]:
    """One row of the table."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        keys = overrides(folder / "data", case.rows, case.solved)
        harness_seconds, results = timed(lambda: of_harness(case, keys, sides, manager))
        samples = sorted(results["samples"][case.task], key=lambda sample: sample["doc_id"])
        examples = of_keepfaith(case, keys, folder, sides)
    sides.encoder.cut.clear()
    seconds, table = timed(lambda: predict(sides.scorer, sides.encoder, examples, [0]))
    found, values = asked(examples), sums(table)
    expected = [[tuple(pair[:2]) for pair in sample["arguments"]] for sample in samples]
    theirs = [[answer[0] for answer in sample["filtered_resps"]] for sample in samples]
    labels = examples["label"].to_list()
    lengths = [choice_lengths([text for _, text in pairs], "character") for pairs in found]
    by_length = [own / np.array(each) for own, each in zip(values, lengths, strict=True)]
    reported = results["results"][case.task]
    return {
        "model": sides.name,
        "task": case.task,
        "shots": case.shots,
        "chat_template": case.chat,
        "rows": len(found),
        "prompts_cut": len(sides.encoder.cut),
        "requests": sum(map(len, expected)),
        "requests_equal": equal(found, expected),
        "harness_acc": reported.get("acc,none"),
        "acc": accuracy(values, labels),
        "harness_acc_norm": reported.get("acc_norm,none"),
        "acc_norm": accuracy(by_length, labels),
        "largest_difference": max(
            float(np.abs(own - np.array(peer)).max())
            for own, peer in zip(values, theirs, strict=True)
        ),
        "harness_s": round(harness_seconds, 2),
        "keepfaith_s": round(seconds, 2),
    }


def sums(table: pl.DataFrame) -> list[np.ndarray]:
    """Log-likelihoods of the choices of every example, in their order."""
    groups = table.group_by("example_id", maintain_order=True)
    return [group["log_likelihood"].to_numpy() for _, group in groups]


def equal(found: list[list[Request]], expected: list[list[Request]]) -> int:
    """Number of requests that are the same texts."""
    rows = zip(found, expected, strict=True)
    return sum(own == peer for ours, theirs in rows for own, peer in zip(ours, theirs, strict=True))


def accuracy(values: Sequence[np.ndarray], labels: Sequence[int]) -> float:
    """Share of examples whose largest value is the label's."""
    right = (own.argmax() == label for own, label in zip(values, labels, strict=True))
    return float(np.mean(list(right)))


def opened(folder: Path | None) -> Sides:
    """The model of a folder, or the built-in one, in float32 on the CPU."""
    path = folder or CHECKPOINT
    model, tokenizer = load_model(path, "float32", "cpu"), load_tokenizer(path)
    if folder is None:
        tokenizer.chat_template = PLAIN_CHAT
    pruned = PrunableModel(model)
    encoder = PromptEncoder(tokenizer, pruned.context_length, cut_left=True)
    harness = HFLM(pretrained=model, tokenizer=tokenizer, batch_size=8, backend="causal")
    return Sides(path.name, OptionScorer(pruned, ()), encoder, harness)


def cases(options: argparse.Namespace, *, chat: bool) -> list[Case]:
    """Every task with every number of solved examples; and once in the chat template, where there is one."""
    local: dict[str, list[Row]] = {}
    count = options.rows + SOLVED
    if options.data:
        local = {name: local_rows(options.data / name / "test.jsonl", count) for name in LOCAL}
    elif not options.task:
        local = made_rows(count)
    for task in options.task:
        name, _, file = task.partition("=")
        local[name] = local_rows(Path(file), count)
    found = []
    for name, rows in local.items():
        as_on_hub = LOCAL[name] if name in LOCAL and name not in named(options.task) else dict
        every = [as_on_hub(row) for row in rows]
        evaluated, solved = every[: options.rows], every[options.rows :] or every
        found += [
            Case(name, rows[: options.rows], evaluated, solved, shots, chat=False)
            for shots in options.shots
        ]
        if chat and name in LOCAL and name not in named(options.task):
            found.append(Case(name, rows[: options.rows], evaluated, solved, 0, chat=True))
    return found


def named(tasks: Sequence[str]) -> list[str]:
    """The names in `NAME=FILE`."""
    return [task.partition("=")[0] for task in tasks]


def main() -> None:
    arguments = command(__doc__)
    arguments.add_argument("--model", type=Path, help="folder of a model; the built-in one if absent")  # fmt: skip
    arguments.add_argument("--data", type=Path, help="folder of local tasks: arc_easy and boolq")
    arguments.add_argument("--rows", type=int, default=100, help="evaluated rows of a task")
    arguments.add_argument("--shots", type=int, nargs="+", default=[0, 5], help="solved examples")
    arguments.add_argument(
        "--task",
        nargs="+",
        action="extend",
        default=[],
        metavar="NAME=FILE",
        help="a task of the harness, and JSON lines in the form of its data set",
    )
    options = arguments.parse_args()
    logging.getLogger("lm_eval").setLevel(logging.ERROR)
    if options.small:
        options.rows = min(options.rows, 6)
    sides, manager = opened(options.model), installed_tasks()
    chat = bool(sides.encoder.tokenizer.chat_template)
    rows = []
    for case in cases(options, chat=chat):
        rows.append(compared(case, sides, manager))
        print(rows[-1], flush=True)
    equals = all(row["requests_equal"] == row["requests"] for row in rows)
    record("harness", folder_of(options), rows, all_requests_equal=equals)


if __name__ == "__main__":
    main()
