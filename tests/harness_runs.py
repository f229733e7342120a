"""Runs of lm-evaluation-harness over local files, logged by its own writer."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from unittest import mock

from lm_eval import evaluator
from lm_eval.loggers import EvaluationTracker
from lm_eval.tasks import TaskManager


def multiple_choice(name: str, file: Path, **changes: object) -> dict[str, Any]:
    """A task over JSON lines with `prompt`, `options` and `label`."""
    return {
        "task": name,
        "dataset_path": "json",
        "dataset_kwargs": {
            "data_files": {"test": str(file)},
            "cache_dir": str(file.parent / "cache"),
        },
        "test_split": "test",
        "output_type": "multiple_choice",
        "doc_to_text": "{{prompt}}",
        "doc_to_choice": "options",
        "doc_to_target": "label",
        "metric_list": [{"metric": "acc"}, {"metric": "acc_norm"}],
    } | changes


def write_rows(file: Path, rows: Sequence[dict[str, Any]]) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return file


def evaluate(model: Any, tasks: Sequence[dict[str, Any]], **settings: Any) -> dict[str, Any]:
    """Results and samples of the harness, without its note of the machine, for which it asks pip for all packages."""
    with mock.patch.object(evaluator, "add_env_info"):
        results = evaluator.simple_evaluate(
            model=model,
            tasks=[dict(task) for task in tasks],
            log_samples=True,
            bootstrap_iters=0,
            **settings,
        )
    assert results is not None
    return results


def log_run(
    model: Any, tasks: Sequence[dict[str, Any]], folder: Path, seed: int = 0
) -> dict[str, Any]:
    """Evaluate `model` and write results and samples below `folder`; the results, with their samples.

    `seed` is that of Python's random numbers, of which the harness's dummy model makes its answers.
    """
    tracker = EvaluationTracker(output_path=str(folder))
    results = evaluate(
        model,
        tasks,
        evaluation_tracker=tracker,
        task_manager=TaskManager(
            include_defaults=False
        ),  # no need of the thousands that are installed
        random_seed=seed,
    )
    samples = results.pop("samples")
    tracker.save_results_aggregated(results=results, samples=samples)
    for task, of_task in samples.items():
        tracker.save_results_samples(task_name=task, samples=of_task)
    return results | {"samples": samples}
