"""Every criterion against a brute-force computation in float64, on tiny models.

The reference asks the model for the residual stream by running a layer with the other sub-layer's output
projection set to zero, and removes sub-layers by setting their weights to zero: nothing of the package's
removal or hooks takes part.
"""

import math
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import torch
from accelerate.hooks import AlignDevicesHook, add_hook_to_module
from zoo import VOCABULARY, tiny_model, zeroed

from keepfaith.artifacts.code_digest import code_files
from keepfaith.models.components import Component
from keepfaith.models.removal import PrunableModel
from keepfaith.orders.order import candidates
from keepfaith.orders.stream import observe_stream
from keepfaith.plugins.criterion import CRITERIA, Criterion

DROPS = ["attention", "mlp", "joint", "block"]
SEQUENTIAL = ["llama", "qwen3", "gemma2", "granite", "gpt2", "mixtral", "gpt_oss"]
PARALLEL = ["phi", "gpt_neox", "cohere", "falcon"]
FAMILIES = [*SEQUENTIAL, *PARALLEL]


def samples():
    generator = torch.Generator().manual_seed(3)
    return [torch.randint(3, VOCABULARY, (1, length), generator=generator) for length in (11, 7)]


def exact(name):
    return PrunableModel(tiny_model(name, dtype=torch.float64))


def streams(name, dropped=()):
    """Per component and sample (resid_pre, resid_post), from plain models with zeroed weights."""
    found = {}
    for tokens in samples():
        layers = {}
        model = zeroed(name, dropped, torch.float64)
        decoder = layer_list(model)
        handles = [
            layer.register_forward_hook(
                lambda module, args, kwargs, output, i=i, layers=layers: layers.update(
                    {i: (args, kwargs)}
                ),
                with_kwargs=True,
            )
            for i, layer in enumerate(decoder)
        ]
        model(tokens, use_cache=False)
        for handle in handles:
            handle.remove()
        for i, (args, kwargs) in layers.items():
            x = args[0] if args else kwargs["hidden_states"]

            def run(without, args=args, kwargs=kwargs, i=i):
                plain = zeroed(name, [*dropped, *without], torch.float64)
                out = layer_list(plain)[i](*args, **kwargs)
                return out[0] if isinstance(out, tuple) else out

            whole = run([])
            after_attention = run([Component(i, "mlp")])
            before_mlp = x if name in PARALLEL else after_attention
            after_mlp = run([Component(i, "attention")]) if name in PARALLEL else whole
            for kind, resid_pre, resid_post in (
                ("attention", x, after_attention),
                ("mlp", before_mlp, after_mlp),
                ("block", x, whole),
            ):
                found.setdefault(Component(i, kind), []).append((resid_pre[0], resid_post[0]))
    return found


def layer_list(model):
    return next(
        module
        for module in model.modules()
        if isinstance(module, torch.nn.ModuleList) and len(module) == 4
    )


def cosine(x, y):
    return float(x @ y / (x.norm() * y.norm()))


def one_minus_cosine(pairs):
    return 1 - np.mean([cosine(a, b) for x, y in pairs for a, b in zip(x, y, strict=True)])


def mean_norm(pairs):
    return np.mean(
        [float((b - a).norm() / a.norm()) for x, y in pairs for a, b in zip(x, y, strict=True)]
    )


def mean_angle(pairs):
    return np.mean([math.acos(cosine(x[-1], y[-1])) / math.pi for x, y in pairs])


@torch.no_grad()
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("drop", ["joint", "block"])
@pytest.mark.parametrize(
    ("criterion", "definition"),
    [("cosine", one_minus_cosine), ("relative_norm", mean_norm), ("angular_distance", mean_angle)],
)
def test_stream_criteria(family, drop, criterion, definition):
    ranked = CRITERIA.load(criterion).rank(exact(family), samples(), candidates(4, drop), 0)
    reference = streams(family)
    expected = {component: definition(reference[component]) for component, _ in ranked}
    # Norms compute in float32 even in a float64 model, and the reference runs layers twice.
    assert dict(ranked) == pytest.approx(expected, abs=1e-6)
    assert [score for _, score in ranked] == sorted(score for _, score in ranked)


@torch.no_grad()
@pytest.mark.parametrize("drop", ["attention", "joint"])
def test_iterative_cosine_scores_the_stream_that_is_left(drop):
    ranked = CRITERIA.load("cosine_iterative").rank(
        exact("llama"), samples(), candidates(4, drop), 0
    )
    dropped = []
    left = candidates(4, drop)
    for component, score in ranked:
        reference = streams("llama", dropped)
        scores = {one: one_minus_cosine(reference[one]) for one in left}
        assert component == min(scores, key=scores.__getitem__)
        assert score == pytest.approx(scores[component], abs=1e-6)
        dropped.append(component)
        left.remove(component)


def plain_loss(name, dropped):
    losses = []
    model = zeroed(name, dropped, torch.float64)
    for tokens in samples():
        log_p = model(tokens).logits[0].log_softmax(-1)
        losses += [-float(log_p[i, t]) for i, t in enumerate(tokens[0, 1:].tolist())]
    return np.mean(losses)


def plain_divergence(name, component):
    values = []
    dense, pruned = zeroed(name, [], torch.float64), zeroed(name, [component], torch.float64)
    for tokens in samples():
        p = dense(tokens).logits[0].softmax(-1)
        q = pruned(tokens).logits[0].softmax(-1)
        values += (p * (p / q).log()).sum(-1).tolist()
    return np.mean(values)


@torch.no_grad()
@pytest.mark.parametrize("family", ["llama", "gpt_neox"])
@pytest.mark.parametrize("drop", DROPS)
def test_leave_one_out(family, drop):
    components = candidates(4, drop)
    model = exact(family)
    dense = plain_loss(family, [])
    expected = {one: plain_loss(family, [one]) - dense for one in components}
    found = CRITERIA.load("leave_one_out_loss").rank(model, samples(), components, 0)
    assert dict(found) == pytest.approx(expected, abs=1e-9)
    expected = {one: plain_divergence(family, one) for one in components}
    found = CRITERIA.load("leave_one_out_kl").rank(model, samples(), components, 0)
    assert dict(found) == pytest.approx(expected, abs=1e-9)
    assert model.dropped == ()


@torch.no_grad()
@pytest.mark.parametrize("drop", ["attention", "block"])
def test_greedy_equals_exhaustive_scoring(drop):
    found = CRITERIA.load("greedy").rank(exact("llama"), samples(), candidates(4, drop), 0)
    dropped, left = [], candidates(4, drop)
    for component, score in found:
        losses = {one: plain_loss("llama", [*dropped, one]) for one in left}
        assert component == min(losses, key=losses.__getitem__)
        assert score == pytest.approx(losses[component], abs=1e-9)
        dropped.append(component)
        left.remove(component)


@pytest.mark.parametrize("drop", DROPS)
def test_baselines(drop):
    model = PrunableModel(tiny_model("llama"))
    components = candidates(4, drop)
    deepest = [one.layer for one, _ in CRITERIA.load("last_k").rank(model, [], components, 0)]
    assert deepest == sorted((one.layer for one in components), reverse=True)
    spared = [
        one.layer for one, _ in CRITERIA.load("last_k_but_final").rank(model, [], components, 0)
    ]
    per_layer = len(components) // 4
    assert spared == [layer for layer in deepest if layer != 3] + [3] * per_layer
    drawn = [CRITERIA.load("random").rank(model, [], components, seed) for seed in (0, 0, 1, 2, 3)]
    assert drawn[0] == drawn[1]
    assert any(drawn[0] != other for other in drawn[2:])
    assert {one for one, _ in drawn[0]} == set(components)


@pytest.mark.parametrize("name", CRITERIA.names())
def test_criteria_declare_themselves_and_leave_the_model_alone(name):
    criterion = CRITERIA.load(name)
    assert isinstance(criterion, Criterion)
    assert criterion.citation and criterion.label
    model = PrunableModel(tiny_model("llama"))
    with model.dropping((1,)):
        first = criterion.rank(model, samples(), candidates(4, "joint"), 0)
        assert model.dropped == ((1, "attention"),)
    assert first == criterion.rank(model, samples(), candidates(4, "joint"), 0)
    assert not any(
        hooks
        for module in model.model.modules()
        for hooks in (module._forward_hooks, module._forward_pre_hooks)
    )


@pytest.mark.parametrize("name", CRITERIA.names())
def test_a_ranking_depends_on_the_seed_and_on_text_as_declared(name):
    criterion, model = CRITERIA.load(name), PrunableModel(tiny_model("llama"))
    components = candidates(4, "joint")
    by_seed = [criterion.rank(model, samples(), components, seed) for seed in range(4)]
    assert any(found != by_seed[0] for found in by_seed) == criterion.seeded
    other = [tokens.flip(1) for tokens in samples()]
    assert (criterion.rank(model, other, components, 0) != by_seed[0]) == criterion.reads_text


def test_a_declaration_that_contradicts_itself_is_refused():
    declared = {
        field.name: getattr(CRITERIA.load("last_k"), field.name) for field in fields(Criterion)
    }
    for change in ({"reads_stream": True}, {"passes": lambda components: components}):
        with pytest.raises(ValueError, match="declare reads_text=True"):
            Criterion(**{**declared, **change})


def test_declarations_are_read_without_a_heavy_package():
    code = (
        "import sys; from keepfaith.plugins.criterion import CRITERIA; CRITERIA.all(); "
        "print([n for n in ('torch', 'numpy', 'polars', 'transformers') if n in sys.modules])"
    )
    scripts = str(Path(__file__).parents[3] / "scripts")
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=scripts, capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"


def test_only_jobs_that_rank_depend_on_criteria():
    scripts = Path(__file__).parents[3] / "scripts"
    greedy = "keepfaith/orders/criteria/greedy.py"
    users = [p.name for p in scripts.glob("*.py") if greedy in code_files([p.name], scripts)]
    assert sorted(users) == ["measure_stability.py", "rank_layers.py"]


def test_ties_go_to_the_lower_layer():
    model = tiny_model("llama")
    for layer in model.model.layers:
        layer.self_attn.o_proj.weight.zero_()
    ranked = CRITERIA.load("cosine").rank(
        PrunableModel(model), samples(), candidates(4, "attention"), 0
    )
    assert [component.layer for component, _ in ranked] == [0, 1, 2, 3]


@pytest.mark.parametrize("family", ["llama", "gemma2", "gpt_neox"])
def test_the_stream_of_a_spread_model_is_compared_on_one_device(family):
    """Accelerate moves a layer's input inside its forward, after the observing hooks; device `meta` is the other."""
    model = PrunableModel(tiny_model(family))
    first = 2
    for site in model.sites[first:]:
        add_hook_to_module(site.layer.to("meta"), AlignDevicesHook("meta", io_same_device=False))
    decoder = model.model.get_decoder()
    for name, child in [*decoder.named_children(), ("head", model.model.get_output_embeddings())]:
        if "norm" in name or name in ("ln_f", "head"):
            add_hook_to_module(child.to("meta"), AlignDevicesHook("meta", io_same_device=False))
    seen = {}
    kinds = ("attention", "mlp", "block")
    observe_stream(
        model,
        [torch.arange(3, 12).view(1, 9)],
        [Component(layer, kind) for layer in (1, first) for kind in kinds],
        lambda component, *resid: seen.__setitem__(component, {str(x.device) for x in resid}),
    )
    assert seen == {
        Component(layer, kind): {device}
        for layer, device in ((1, "cpu"), (first, "meta"))
        for kind in kinds
    }
