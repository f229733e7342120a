"""What the plan says of a ranking, against the forward passes that a real model makes while it is ranked."""

from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from small_models import byte_level_tokenizer
from transformers import LlamaConfig, LlamaForCausalLM

from keepfaith.config.load import load_study
from keepfaith.models.removal import PrunableModel
from keepfaith.orders import criteria
from keepfaith.orders.order import Drop, candidates
from keepfaith.orders.rank import rank_layers
from keepfaith.planning.work import START_SECONDS, Workload
from keepfaith.plugins.criterion import CRITERIA

ROOT = Path(__file__).parents[3]
PAPER = yaml.safe_load((ROOT / "config" / "studies" / "paper.yaml").read_text(encoding="utf-8"))
READERS = [name for name, criterion in CRITERIA.all().items() if criterion.reads_text]
SAMPLES, SAMPLE_TOKENS = 2, 24
OWN = """
from keepfaith.plugins.criterion import Criterion


def _rank(model, samples, components, seed):
    from keepfaith.orders.loss import mean_loss

    losses = {}
    for component in components:
        for other in components[:3]:
            dropped = {component, other}
            losses[component] = mean_loss(model, samples, sorted(dropped))
    return sorted(losses.items(), key=lambda item: item[1])


CRITERION = Criterion(
    label="In company",
    citation="this test",
    reads_text=True,
    reads_stream=False,
    seeded=False,
    passes=lambda components: 3 * components,
    rank=_rank,
)
"""
"""A criterion of a user's own: every component is tried beside each of the first three."""


@pytest.fixture
def own_criterion(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Its name; it is a file in a folder of its own, as if it lay beside those that ship."""
    (tmp_path / "in_company.py").write_text(OWN, encoding="utf-8")
    monkeypatch.setattr(criteria, "__path__", [*criteria.__path__, str(tmp_path)])
    return "in_company"


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    """A user's catalog, in which every criterion has an order that drops each kind of component."""
    folder = tmp_path / "catalog"
    (folder / "orders").mkdir(parents=True)
    for name in [*CRITERIA.names(), "in_company"]:
        for drop in ("attention", "mlp", "joint", "block"):
            entry = {"description": "T.", "criterion": name, "drop": drop}
            (folder / "orders" / f"{name}-{drop}.yaml").write_text(yaml.safe_dump(entry))
    return folder


def llama(layers: int) -> PrunableModel:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=380, hidden_size=16, intermediate_size=32, num_hidden_layers=layers,
        num_attention_heads=2, num_key_value_heads=2, max_position_embeddings=64,
    )  # fmt: skip
    return PrunableModel(LlamaForCausalLM(config).eval())


def counted_passes(criterion: str, drop: Drop, layers: int) -> float:
    """Tokens that go through a model while it is ranked, in passes over the calibration text."""
    model = llama(layers)
    seen: list[int] = []

    def count(_: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        seen.append((args[0] if args else kwargs["input_ids"]).numel())

    handle = model.model.register_forward_pre_hook(count, with_kwargs=True)
    texts = [f"{number} is the text number {number} of all. " * 3 for number in range(SAMPLES)]
    rank_layers(criterion, model, byte_level_tokenizer(), texts, SAMPLE_TOKENS, drop)
    handle.remove()
    assert max(seen) == SAMPLE_TOKENS
    return sum(seen) / (SAMPLES * SAMPLE_TOKENS)


def planned_passes(catalog: Path, order: str, model: str = "llama-2-7b", **changes: Any) -> float:
    """Passes over the calibration text that the plan counts for a ranking."""
    raw = PAPER | {"models": [model], "orders": [order]} | changes
    work = Workload(load_study(raw, [catalog, ROOT / "config" / "catalog"]))
    job = work.job("rank_layers", model, order)
    parameters = work.model(model).parameters
    loading = work.model(model).weight_bytes("bfloat16") / 1e9
    tokens = (job.seconds - START_SECONDS - loading) * 4e14 / (2 * parameters)
    text = work.settings.texts.get(order)
    return tokens / (text.samples * text.sample_tokens) if text else tokens


@pytest.mark.parametrize("drop", ["attention", "joint"])
def test_an_iterative_criterion_on_a_model_of_32_layers(catalog: Path, drop: Drop) -> None:
    planned = planned_passes(catalog, f"cosine_iterative-{drop}")
    assert planned == pytest.approx({"attention": 32, "joint": 64}[drop])
    counted = counted_passes("cosine_iterative", drop, 32)
    assert counted / 1.5 < planned < counted * 1.5


@pytest.mark.parametrize("drop", ["attention", "mlp", "joint", "block"])
def test_a_criterion_of_the_users_own(catalog: Path, own_criterion: str, drop: Drop) -> None:
    planned = planned_passes(catalog, f"{own_criterion}-{drop}")
    assert planned == pytest.approx(3 * 32 * (2 if drop == "joint" else 1))
    counted = counted_passes(own_criterion, drop, 8)
    assert CRITERIA.load(own_criterion).passes(len(candidates(8, drop))) == counted
    assert counted * 4 / 1.5 < planned < counted * 4 * 1.5


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("drop", ["attention", "joint"])
def test_every_criterion_declares_the_passes_that_it_makes(name: str, drop: Drop) -> None:
    declared = CRITERIA.load(name).passes(len(candidates(8, drop)))
    counted = counted_passes(name, drop, 8)
    # Criteria that read the stream look at its first tokens once more, to see that they read it rightly.
    looks = 3 * 16 / (SAMPLES * SAMPLE_TOKENS) if CRITERIA.load(name).reads_stream else 0
    assert declared <= counted <= declared + looks


@pytest.mark.parametrize("name", READERS)
def test_the_plan_counts_what_is_declared(catalog: Path, name: str) -> None:
    declared = CRITERIA.load(name).passes
    assert planned_passes(catalog, f"{name}-attention") == pytest.approx(declared(32))
    assert planned_passes(catalog, f"{name}-joint", "gemma-2b") == pytest.approx(declared(36))


@pytest.mark.parametrize("name", sorted(set(CRITERIA.names()) - set(READERS)))
def test_a_criterion_that_reads_no_text_costs_nothing(catalog: Path, name: str) -> None:
    assert planned_passes(catalog, f"{name}-attention") == pytest.approx(0, abs=1e-6)
    changes: dict[str, Any] = {"orders": [f"{name}-mlp"], "stability": {"seeds": 2}}
    work = Workload(load_study(PAPER | changes, [catalog, ROOT / "config" / "catalog"]))
    measured = [job for job in work.jobs() if job.rule == "measure_stability"]
    assert bool(measured) == CRITERIA.load(name).seeded
    for job in measured:
        assert job.seconds == work.job("rank_layers", *job.key).seconds


def test_stability_costs_as_many_orders_as_draws(catalog: Path) -> None:
    """Draws of 4 and 8 samples are one and a half times the 8 that the order itself reads."""
    stability = {"seeds": 3, "samples": [4, 8]}
    raw = PAPER | {"orders": ["greedy-attention"], "stability": stability}
    work = Workload(load_study(raw, [catalog, ROOT / "config" / "catalog"]))
    key = ("llama-2-7b", "greedy-attention")
    start = work.job("measure_stability", *key).seconds - work.job("rank_layers", *key).seconds
    one = planned_passes(catalog, "greedy-attention") * 8 * 2048
    assert start == pytest.approx(3.5 * one * 2 * work.model(key[0]).parameters / 4e14)
