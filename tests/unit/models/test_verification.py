"""The self-test passes on every architecture and catches each kind of broken removal."""

import dataclasses
from pathlib import Path

import polars as pl
import pytest
import torch
from small_models import byte_level_tokenizer
from zoo import COMMON, FAMILIES, from_settings, tiny_model

from keepfaith.models import families, removal, verification
from keepfaith.models.components import Component
from keepfaith.models.export import export
from keepfaith.models.loading import load_model
from keepfaith.models.removal import NoOp, PrunableModel
from keepfaith.models.verification import RemovalError, refuse_failures, verify

KINDS = ("attention", "mlp", "block")


def kinds_of(family):
    """OPT's MLP is not a module; this BLOOM passes on its normalised input, even past a dropped block."""
    return {"opt": KINDS[:1], "bloom_post": KINDS[:2]}.get(family, KINDS)


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
    assert len(checks) == {1: 3, 2: 7, 3: 10}[len(kinds_of(family))]
    refuse_failures(family, checks, torch.float32)
    assert all(torch.equal(value, before[name]) for name, value in model.model.state_dict().items())
    assert model.dropped == ()

    tiny_model(family).save_pretrained(tmp_path / "dense")
    byte_level_tokenizer().save_pretrained(tmp_path / "dense")
    dropped = [Component(0), Component(2, "attention" if family == "opt" else "mlp")]
    export(tmp_path / "dense", dropped, tmp_path / "slim", "slim")
    tokens = torch.arange(3, 23).view(2, 10)
    # Loaded as well, not made: kernels differ, and on some processors so does the last digit.
    stored = PrunableModel(load_model(tmp_path / "dense", device="cpu"))
    with stored.dropping(dropped):
        expected = stored.model(tokens, use_cache=False).logits
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
    assert table[-1]["slim_reload_difference"] <= 1e-6


def broken_answer(self, *args, **kwargs):
    """Half of the input, instead of zeros."""
    found = ORIGINAL(self, *args, **kwargs)
    hidden = kwargs.get("hidden_states", args[0] if args else None)
    return (found[0] + hidden / 2, *found[1:]) if isinstance(found, tuple) else found + hidden / 2


ORIGINAL = NoOp.answer


def test_a_removal_that_adds_something_is_caught(monkeypatch):
    monkeypatch.setattr(NoOp, "answer", broken_answer)
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

    monkeypatch.setattr(NoOp, "answer", answer)
    model = PrunableModel(tiny_model("llama"))
    checks = verify(model)
    assert checks[0].oracle < 1e-5 and checks[0].cache < 1e-4
    with pytest.raises(RemovalError, match="continues left-padded prompts differently"):
        refuse_failures("m", checks, torch.float32)


def test_what_is_no_number_fails():
    (check, *_) = verify(PrunableModel(tiny_model("llama")))
    broken = dataclasses.replace(check, oracle=float("nan"))
    with pytest.raises(RemovalError, match="by nan"):
        refuse_failures("m", [broken], torch.float32)


def test_layers_that_are_not_the_decoders_are_caught():
    """If the layers of a vision tower were found instead, every removal would equal its oracle: nothing changes."""
    model = PrunableModel(tiny_model("llama"))
    for toggle in model.toggles.values():
        toggle.module = torch.nn.Identity()
        toggle._forward = toggle._run
        toggle.uninstall()
    with pytest.raises(RemovalError, match="logits are the same whatever is removed"):
        refuse_failures("m", verify(model), torch.float32)


def test_a_block_that_leaves_something_is_caught():
    """A layer that scales its residual, as some architectures do, still changes it without its sub-layers."""
    model = PrunableModel(tiny_model("llama"))
    model.sites[0].layer.register_forward_hook(lambda _, __, output: 1.5 * output)
    checks = verify(model, ["block"])
    assert checks[0].oracle < 1e-5
    with pytest.raises(
        RemovalError, match="block of layer 0 removed, a dropped block still changes"
    ):
        refuse_failures("m", checks, torch.float32)


def test_a_model_that_does_not_run_without_a_sublayer_is_refused_with_the_reason(monkeypatch):
    def answer(self, *args, **kwargs):
        raise ValueError("not enough values to unpack")

    monkeypatch.setattr(NoOp, "answer", answer)
    with pytest.raises(
        RemovalError, match=r"layer 0 removed it does not run \(ValueError: not enough"
    ):
        verify(PrunableModel(tiny_model("llama")))


@torch.inference_mode()
def test_generation_uses_the_cache_even_where_the_checkpoint_does_not(monkeypatch):
    model = tiny_model("llama")
    model.config.use_cache = model.generation_config.use_cache = False
    seen = []
    count = removal._count_tokens
    monkeypatch.setattr(
        removal, "_count_tokens", lambda *a: (seen.append(a[2].shape[1]), count(*a))
    )
    prunable = PrunableModel(model)
    with prunable.dropping([Component(0)]):
        verification._continuation(prunable)
    assert seen == [verification.SELF_TEST_TOKENS] + [1] * (verification.NEW_TOKENS - 1)


WINDOWED = [name for name, (_, settings) in FAMILIES.items() if settings.get("sliding_window")]


@pytest.mark.parametrize("family", WINDOWED)
def test_prompts_beyond_a_sliding_window_pass(family, monkeypatch):
    monkeypatch.setattr(verification, "SELF_TEST_TOKENS", 40)
    monkeypatch.setattr(verification, "PREFILL", 20)
    model = PrunableModel(tiny_model(family))
    refuse_failures(family, verify(model, KINDS), torch.float32)


def test_of_two_mlps_in_a_layer_neither_is_dropped():
    settings = {"num_local_experts": 4, "shared_intermediate_size": 32}
    model = PrunableModel(from_settings("granitemoeshared", {**COMMON, **settings}))
    refuse_failures("m", verify(model), torch.float32)
    with pytest.raises(families.UnsupportedModelError, match="mlp of layer 0 is not one module"):
        verify(model, ["mlp"])
