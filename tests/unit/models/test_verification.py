"""The self-test passes on every architecture and catches each kind of broken removal."""

import dataclasses
from pathlib import Path

import polars as pl
import pytest
import torch
from small_models import byte_level_tokenizer
from zoo import FAMILIES, tiny_model

from keepfaith.models import removal
from keepfaith.models.components import Component
from keepfaith.models.export import export
from keepfaith.models.loading import load_model
from keepfaith.models.removal import Absence, PrunableModel
from keepfaith.models.verification import RemovalError, refuse_failures, verify

KINDS = ("attention", "mlp", "block")


def kinds_of(family):
    return ("attention",) if family == "opt" else KINDS


@pytest.fixture(scope="module")
def table():
    """Rows of the self-test over all types; written as results/tests/removal_by_type.csv."""
    rows = []
    yield rows
    folder = Path(__file__).resolve().parents[3] / "results" / "tests"
    folder.mkdir(parents=True, exist_ok=True)
    pl.DataFrame(rows).sort("type").write_csv(folder / "removal_by_type.csv")


@torch.inference_mode()
@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_every_architecture_passes(family, table, tmp_path):
    model = PrunableModel(tiny_model(family))
    before = {name: value.clone() for name, value in model.model.state_dict().items()}
    checks = verify(model, kinds_of(family))
    assert len(checks) == (3 if family == "opt" else 10)
    refuse_failures(family, checks, torch.float32)
    assert all(torch.equal(value, before[name]) for name, value in model.model.state_dict().items())
    assert model.dropped == ()

    tiny_model(family).save_pretrained(tmp_path / "dense")
    byte_level_tokenizer().save_pretrained(tmp_path / "dense")
    dropped = [Component(0), Component(2, "attention" if family == "opt" else "mlp")]
    export(tmp_path / "dense", dropped, tmp_path / "slim", "slim")
    tokens = torch.arange(3, 23).view(2, 10)
    with model.dropping(dropped):
        expected = model.model(tokens, use_cache=False).logits
    reloaded = load_model(tmp_path / "slim", device="cpu")(tokens, use_cache=False).logits
    table.append(
        {
            "type": family,
            "oracle_difference": max(check.oracle for check in checks),
            "cached_difference": max(check.cache for check in checks),
            "generation_identical": all(check.generation for check in checks),
            "slim_reload_difference": float(
                (reloaded - expected).abs().max() / expected.abs().max()
            ),
        }
    )
    # Not zero for gpt-oss alone: on disk its experts are multiplied by another kernel.
    assert table[-1]["slim_reload_difference"] <= 1e-6


def broken_answer(self, *args, **kwargs):
    """Half of what stands there, instead of nothing."""
    found = ORIGINAL(self, *args, **kwargs)
    hidden = kwargs.get("hidden_states", args[0] if args else None)
    return (found[0] + hidden / 2, *found[1:]) if isinstance(found, tuple) else found + hidden / 2


ORIGINAL = Absence.answer


def test_a_removal_that_adds_something_is_caught(monkeypatch):
    monkeypatch.setattr(Absence, "answer", broken_answer)
    model = PrunableModel(tiny_model("llama"))
    with pytest.raises(
        RemovalError,
        match=r"m cannot be pruned: with attention of layer 0 removed, .* zeroed weights",
    ):
        refuse_failures("m", verify(model), torch.float32)


def test_a_removal_that_forgets_the_cache_is_caught(monkeypatch):
    monkeypatch.setattr(removal, "_count_tokens", lambda *_: None)
    model = PrunableModel(tiny_model("llama"))
    checks = verify(model)
    assert checks[0].removed == "attention of layer 0" and checks[0].oracle < 1e-5
    with pytest.raises(RemovalError, match="with a KV cache differ from those without"):
        refuse_failures("m", checks, torch.float32)


def test_a_removal_that_is_wrong_under_padding_is_caught(monkeypatch):
    def answer(self, *args, **kwargs):
        wrong = kwargs.get("attention_mask") is not None
        return (broken_answer if wrong else ORIGINAL)(self, *args, **kwargs)

    monkeypatch.setattr(Absence, "answer", answer)
    model = PrunableModel(tiny_model("llama"))
    checks = verify(model)
    assert checks[0].oracle < 1e-5 and checks[0].cache < 1e-4
    with pytest.raises(RemovalError, match="continues left-padded prompts otherwise"):
        refuse_failures("m", checks, torch.float32)


def test_what_is_no_number_fails():
    (check, *_) = verify(PrunableModel(tiny_model("llama")))
    broken = dataclasses.replace(check, oracle=float("nan"))
    with pytest.raises(RemovalError, match="by nan"):
        refuse_failures("m", [broken], torch.float32)
