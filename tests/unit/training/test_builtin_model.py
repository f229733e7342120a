"""The shipped checkpoint: small, plain, close to the Bayes accuracy, and degraded gradually by pruning."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from keepfaith.config.schema import Architecture
from keepfaith.models.builtin import CHECKPOINT
from keepfaith.tasks.builtin import TASKS, BuiltinExample, generate
from keepfaith.training.builtin import (
    ARCHITECTURE,
    RECIPE,
    builtin_tokenizer,
    measure_task,
    option_of,
    option_probabilities,
    prompt_of,
    train_builtin,
)
from keepfaith.training.train import dropped_attention

COUNT = 300


@pytest.fixture(scope="module")
def model() -> torch.nn.Module:
    return AutoModelForCausalLM.from_pretrained(CHECKPOINT, dtype=torch.float32).eval()


@pytest.fixture(scope="module")
def tokenizer() -> object:
    return AutoTokenizer.from_pretrained(CHECKPOINT)


@pytest.fixture(scope="module")
def examples() -> dict[str, list[BuiltinExample]]:
    """Evaluation examples of a seed used nowhere else."""
    return {task: generate(task, "evaluation", COUNT, seed=20260) for task in TASKS}


def test_checkpoint_is_small_plain_and_of_the_recipe_s_shape() -> None:
    names = {path.name for path in CHECKPOINT.iterdir()}
    assert {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"} <= names
    assert {path.suffix for path in CHECKPOINT.iterdir()} == {".json", ".safetensors"}
    assert (CHECKPOINT / "model.safetensors").stat().st_size <= 8_000_000
    config = json.loads((CHECKPOINT / "config.json").read_text())
    assert config["model_type"] == "llama"
    assert config["num_hidden_layers"] == ARCHITECTURE.layers >= 8


def test_shipped_tokenizer_is_the_one_that_the_recipe_learns(tokenizer) -> None:
    assert builtin_tokenizer(0, ARCHITECTURE.positions).get_vocab() == tokenizer.get_vocab()


def test_prompts_are_short_and_options_have_the_stated_size(tokenizer, examples) -> None:
    for task in TASKS:
        for example in examples[task][:100]:
            prompt = prompt_of(example)
            assert 20 <= len(tokenizer(prompt)["input_ids"]) <= 60
            whole = tokenizer(prompt + option_of(example, 0))["input_ids"]
            option = len(whole) - len(tokenizer(prompt)["input_ids"])
            assert option > 1 if task == "lookup" else option == 1


@pytest.mark.parametrize("task", TASKS)
def test_dense_accuracy_is_nearly_that_of_bayes(task, model, tokenizer, examples) -> None:
    found = measure_task(model, tokenizer, examples[task])
    assert found.accuracy >= 0.9 * found.bayes_accuracy
    assert found.agreement >= 0.95


@pytest.mark.parametrize("task", TASKS)
def test_confidence_is_near_the_truth(task, model, tokenizer, examples) -> None:
    """Mean confidence in the answer within .1 of the exact probability that it is right."""
    probabilities = option_probabilities(model, tokenizer, examples[task])
    posterior = np.array([example.posterior for example in examples[task]])
    answer = probabilities.argmax(axis=1)
    truth = posterior[np.arange(COUNT), answer].mean()
    assert abs(probabilities.max(axis=1).mean() - truth) < 0.1


@contextmanager
def without_attention(model: torch.nn.Module, layers: range) -> Iterator[None]:
    """Zero the attention of these layers: an independent, deliberately simple implementation."""

    def zero(_: object, __: object, output: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
        return torch.zeros_like(output[0]), *output[1:]

    with ExitStack() as stack:
        for layer in layers:
            handle = model.model.layers[layer].self_attn.register_forward_hook(zero)
            stack.callback(handle.remove)
        yield


def test_dropping_the_deepest_attention_first_degrades_step_by_step(
    model, tokenizer, examples
) -> None:
    """At least two tasks pass through levels clearly between dense and chance."""
    between = dict.fromkeys(TASKS, 0)
    for dropped in range(ARCHITECTURE.layers + 1):
        with without_attention(model, range(ARCHITECTURE.layers - dropped, ARCHITECTURE.layers)):
            for task in TASKS:
                found = measure_task(model, tokenizer, examples[task][:50])
                chance = 1 / len(examples[task][0].choices)
                share = (found.agreement - chance) / (1 - chance)
                between[task] += 0.15 < share < 0.9
                if dropped == ARCHITECTURE.layers:
                    assert share < 0.35, f"{task} without any attention: {found}"
    assert sum(levels >= 1 for levels in between.values()) >= 2, between


def test_training_writes_a_folder_and_is_deterministic(tmp_path: Path) -> None:
    recipe = RECIPE.model_copy(update={"steps": 2, "examples_per_step": 8, "evaluate_every": 10})
    shape = Architecture(hidden=16, intermediate=32, layers=2, heads=2, tied=False)
    for name in ("one", "two"):
        train_builtin(tmp_path / name, 1, recipe, shape, measured=20)
    one, two = ((tmp_path / name / "model.safetensors").read_bytes() for name in ("one", "two"))
    assert one == two
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "two"]


def test_attention_is_dropped_only_while_training(model) -> None:
    ids = torch.tensor([[5, 6, 7]])
    with torch.no_grad():
        dense = model(ids).logits
        with dropped_attention(model, lambda: 1.0):
            assert torch.equal(model(ids).logits, dense)
