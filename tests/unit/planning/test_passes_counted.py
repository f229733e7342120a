"""Passes that the plan counts for attribution methods, against those that the methods really take.

A tiny model of 32 layers does what Llama-2-7B would do, at the levels of the published study: the plan of the one is
compared with the tokens that go through the layers of the other.
"""

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
import yaml
from small_models import metaspace_tokenizer, tiny_llama

from keepfaith.attribution import methods
from keepfaith.attribution.explain import explain
from keepfaith.config.load import load_study
from keepfaith.models.removal import PrunableModel
from keepfaith.planning.shape import TaskShape
from keepfaith.planning.work import READING_BYTES_PER_SECOND, START_SECONDS, Workload
from keepfaith.plugins.method import METHODS, Passes
from keepfaith.scoring.encoding import PromptEncoder
from keepfaith.scoring.predict import predict
from keepfaith.scoring.scorer import OptionScorer

CATALOG = Path(__file__).parents[3] / "config" / "catalog"
STUDY = {
    "name": "counted",
    "models": ["llama-2-7b"],
    "orders": ["cosine"],
    "text": "c4",
    "tasks": ["sst2"],
    "methods": [
        "kernelshap",
        "lime",
        "integrated_gradients",
        "input_x_gradient",
        "gradient_norm",
        "attnlrp",
        "mine",
    ],
    "examples": {"evaluation": "all", "explanation": 2},
    "report": {"explained_examples": 0},
}
OWN_METHOD = '''"""Occlusion: what the target loses without each token."""

import numpy as np
from pydantic import Field

from keepfaith.attribution.perturbation import perturb
from keepfaith.config.strict import Positive, Strict
from keepfaith.plugins.method import Method, Passes
from keepfaith.scoring.inputs import ScoringInput


class OcclusionSettings(Strict):
    """Of occlusion."""

    width: Positive = Field(default=1, description="Tokens removed at once.")


def _scores(problems, levels, scorer, settings, seed):
    for problem in problems:
        places = range(problem.features)
        windows = [[not 0 <= p - place < settings.width for p in places] for place in places]
        prompts = [problem.encoded.prompt_ids, *(perturb(problem, np.array(w)) for w in windows)]
        inputs = [ScoringInput(ids, problem.encoded.option_ids) for ids in prompts]
        answers = np.stack(scorer.log_likelihoods(inputs, levels))
        values = answers[:, np.arange(len(levels)), list(problem.targets)]
        yield (values[0] - values[1:]).T


METHOD = Method(
    label="occlusion",
    citation="Zeiler and Fergus 2014, arXiv:1311.2901",
    role="method",
    needs_model=True,
    seeded=False,
    settings=OcclusionSettings,
    # From left to right, a prompt shares half of its tokens with its neighbour on average; these are fed once.
    passes=lambda settings, features: Passes(shared=features / 2 + 1),
    scores=_scores,
)
'''
TEXT = "the film was not good but the acting was wonderful and the story was moving "
LENGTHS = (20, 60)
"""Tokens of the prompts: their mean square is 1.25 times the square of their mean, as the plan takes it."""


@pytest.fixture(scope="module")
def own_method(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A catalog and a folder of methods with a method of the user's: one file of each."""
    folder = tmp_path_factory.mktemp("own")
    (folder / "methods").mkdir()
    (folder / "methods" / "occlusion.py").write_text(OWN_METHOD)
    shutil.copytree(CATALOG, folder / "catalog")
    entry = {"description": "Mine.", "method": "occlusion", "settings": {"width": 2}}
    (folder / "catalog" / "methods" / "mine.yaml").write_text(yaml.safe_dump(entry))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(methods, "__path__", [*methods.__path__, str(folder / "methods")])
        yield folder / "catalog"
    sys.modules.pop("keepfaith.attribution.methods.occlusion", None)


@pytest.fixture(scope="module")
def workload(own_method: Path) -> Workload:
    """The plan of the study, told how long the prompts are."""
    found = Workload(load_study(STUDY, [own_method]))
    found.task = lambda name: TaskShape(rows=2, tokens=sum(LENGTHS) / 2, options=2)
    return found


@pytest.fixture(scope="module")
def encoder() -> PromptEncoder:
    return PromptEncoder(metaspace_tokenizer(), 256)


@pytest.fixture(scope="module")
def scorer(workload: Workload, encoder: PromptEncoder) -> OptionScorer:
    layers = workload.settings.layers["llama-2-7b"]
    model = PrunableModel(tiny_llama(len(encoder.tokenizer), layers=layers))
    # Most criteria drop the upper layers first, in some order.
    order = np.random.default_rng(0).permutation(np.arange(layers // 2, layers))
    return OptionScorer(model, order.tolist(), 4096)


@pytest.fixture(scope="module")
def examples(encoder: PromptEncoder) -> pl.DataFrame:
    def prompt(length: int) -> str:
        texts = (" ".join((TEXT * 9).split()[:count]) for count in range(1, 99))
        return next(
            text for text in texts if len(encoder.encode(text, [" yes"]).prompt_ids) >= length
        )

    return pl.DataFrame(
        {
            "example_id": [str(length) for length in LENGTHS],
            "prompt": [prompt(length) for length in LENGTHS],
            "options": [[" yes", " no good"]] * len(LENGTHS),
            "tuning": [False] * len(LENGTHS),
        }
    )


class Count:
    """Tokens of dense forward passes, a token's backward pass counted as two."""

    def __init__(self, model: PrunableModel) -> None:
        self.model = model
        self.tokens = 0.0

    @contextmanager
    def counting(self) -> Iterator[None]:
        # At the MLPs, which no level drops: a layer of a sweep computes several groups of levels one by one.
        handles = [
            site.modules["mlp"].register_forward_hook(self._add) for site in self.model.sites
        ]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def _add(self, module: torch.nn.Module, inputs: Any, output: torch.Tensor) -> None:
        share = output.numel() / output.shape[-1] / self.model.layers
        self.tokens += share
        if output.requires_grad:
            output.register_hook(lambda gradient: self._add_backward(2 * share))

    def _add_backward(self, tokens: float) -> None:
        self.tokens += tokens


def planned_tokens(workload: Workload, method: str) -> float:
    """Tokens that the plan's seconds stand for."""
    job = workload.job("attribute", "llama-2-7b", "cosine", "sst2", method, "0")
    study, model = workload.settings.study, workload.model("llama-2-7b")
    loading = START_SECONDS + model.weight_bytes(study.scoring.dtype) / READING_BYTES_PER_SECOND
    return (job.seconds - loading) * study.plan.gpu_flops / (2 * model.parameters)


@pytest.mark.parametrize("name", STUDY["methods"])
def test_the_plan_counts_what_is_computed(
    name: str,
    workload: Workload,
    scorer: OptionScorer,
    encoder: PromptEncoder,
    examples: pl.DataFrame,
) -> None:
    entry = workload.settings.methods[name]
    levels = workload.settings.levels["llama-2-7b"]
    assert len(levels) == 17 and scorer.model.layers == 32
    settings = METHODS.load(entry.method).settings(**entry.settings)
    predictions = predict(scorer, encoder, examples, levels)
    count = Count(scorer.model)
    with count.counting():
        table = explain(entry.method, settings, 0, scorer, encoder, examples, levels, predictions)
    assert table["level"].n_unique() == len(levels)
    assert 1 / 1.5 < planned_tokens(workload, name) / count.tokens < 1.5


@pytest.mark.parametrize("name", ["integrated_gradients", "input_x_gradient", "attnlrp"])
def test_the_plan_counts_the_search_for_the_best_other_choice(
    name: str,
    workload: Workload,
    scorer: OptionScorer,
    encoder: PromptEncoder,
    examples: pl.DataFrame,
) -> None:
    """With four choices of one token instead of two; one length, so that no padding is counted."""
    entry = workload.settings.methods[name]
    declared = METHODS.load(entry.method)
    settings = declared.settings(**entry.settings)
    levels = workload.settings.levels["llama-2-7b"]
    found = {}
    for options in ([" yes", " no"], [" yes", " no", " positive", " negative"]):
        asked = examples.tail(1).with_columns(options=pl.lit(options, dtype=pl.List(pl.String)))
        predictions = predict(scorer, encoder, asked, levels)
        count = Count(scorer.model)
        with count.counting():
            explain(entry.method, settings, 0, scorer, encoder, asked, levels, predictions)
        found[len(options)] = count.tokens
    passes = declared.passes(settings, 1.0)
    assert passes.best_other is not None

    def tokens(each: Passes) -> float:
        shared = each.shared * workload._path("llama-2-7b", "cosine")
        return LENGTHS[-1] * (shared + each.per_level * len(levels))

    # Shared passes are an estimate of how low the levels begin to differ.
    allowed = 0.1 * tokens(passes)
    assert found[4] - found[2] == pytest.approx(tokens(passes.best_other), abs=allowed)


def test_a_count_is_that_of_passes_by_hand(scorer: OptionScorer, encoder: PromptEncoder) -> None:
    """One forward pass over ten tokens; one forward and backward pass."""
    model, ids = scorer.model.model, torch.arange(5, 15)[None]
    count = Count(scorer.model)
    with count.counting():
        with torch.inference_mode():
            model(ids)
        assert count.tokens == pytest.approx(10)
        embedded = model.get_input_embeddings()(ids).detach().requires_grad_()
        model(inputs_embeds=embedded).logits.sum().backward()
    assert count.tokens == pytest.approx(10 + 30)
