"""Two runs of one model are no two levels: refused where both say so and answer alike, noted where one of the two."""

from pathlib import Path
from typing import Any

import pytest
from made_logs import Row, entry, write_lines, write_results

from keepfaith.config.errors import ConfigError
from keepfaith.imports.levels import check_logs, read_task

PLACE = "config: imports.mine"
ARGS = "pretrained=org/llama,dtype=bfloat16"


def run(folder: Path, noise: float, wrong: int = 0, **config: Any) -> Path:
    rows: list[Row] = [
        entry(n, ["no", "yes"], n % 2, (n + (n < wrong)) % 2, right=n >= wrong) for n in range(8)
    ]
    for row in rows:
        for pair in row["filtered_resps"]:
            pair[0] = str(float(pair[0]) - noise)
    path = write_lines(folder, rows)
    if config:
        write_results(folder, {"n-samples": {"made": {"effective": 8}}, "config": config})
    return path


@pytest.mark.parametrize(
    "args", [ARGS, "dtype=float32,pretrained=org/llama", {"pretrained": "org/llama"}]
)
def test_a_second_run_of_one_model(args: Any, tmp_path: Path) -> None:
    logs = {
        0: run(tmp_path / "0", 0, model="hf", model_args=ARGS),
        4: run(tmp_path / "4", 1e-9, model="hf", model_args=args),
    }
    with pytest.raises(ConfigError) as refused:
        read_task(logs)
    assert refused.value.problem == (
        "level 4 is a second run of level 0's model: both results files name 'hf pretrained=org/llama', and no "
        "log-likelihood differs by more than 1e-09; run the pruned model, or leave that level out"
    )


def test_a_model_of_one_name_that_answers_otherwise_is_noted(tmp_path: Path) -> None:
    logs = {
        level: run(tmp_path / str(level), 0, wrong, model="hf", model_args=ARGS)
        for level, wrong in ((0, 0), (4, 3))
    }
    (note,) = read_task(logs).notes
    assert note.startswith(
        "levels 0 and 4 name the same model in their results ('hf pretrained=org/llama'): unless it was pruned in place"
    )
    # Once for all tasks, with its place, before any job.
    assert check_logs([logs, logs], None, f"{PLACE}.passage") == [f"{PLACE}: {note}"]


def test_nearly_equal_answers_are_noted_whatever_the_results_say(tmp_path: Path) -> None:
    (note,) = read_task({0: run(tmp_path / "0", 0), 4: run(tmp_path / "4", 1e-9)}).notes
    assert note.startswith(
        "levels 0 and 4 have nearly the same log-likelihoods (none differs by more than 1e-09)"
    )


@pytest.mark.parametrize(
    "other",
    [
        {"model": "hf", "model_args": "pretrained=org/llama-drop4,dtype=bfloat16"},
        {"model": "hf", "model_args": ARGS, "model_num_parameters": 6},
        {"model": "vllm", "model_args": ARGS},
        {"model": "hf", "model_args": None},
        {"model": "hf", "model_args": ""},
    ],
)
def test_other_models_are_two(other: dict[str, Any], tmp_path: Path) -> None:
    dense = {"model": "hf", "model_args": ARGS, "model_num_parameters": 7}
    for one, two in ((dense, other), (other, dense)):
        logs = {
            0: run(tmp_path / "0", 0, **one),
            4: run(tmp_path / "4", 0, 3, **two),
        }
        assert read_task(logs).notes == []
