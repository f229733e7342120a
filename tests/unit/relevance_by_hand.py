"""AttnLRP by hand for models like Llama: relevance is propagated back layer by layer, without autograd."""

import torch
from torch.nn.functional import silu


@torch.no_grad()
def by_hand(model, ids, target, other):
    """The rules of the paper as they are written: relevance is passed from every output to its inputs."""
    config = model.config
    heads, groups = (
        config.num_attention_heads,
        config.num_attention_heads // config.num_key_value_heads,
    )
    base, (_, length) = model.model, ids.shape
    hidden = base.embed_tokens(ids)
    cos, sin = base.rotary_emb(hidden, torch.arange(length)[None])

    def rotated(x):
        first, second = x.chunk(2, dim=-1)
        return x * cos[:, None] + torch.cat([-second, first], -1) * sin[:, None]

    def unrotated(x):  # the transpose of the rotation
        first, second = (x * sin[:, None]).chunk(2, dim=-1)
        return x * cos[:, None] + torch.cat([second, -first], -1)

    def split(x, count):
        return x.view(1, length, count, -1).transpose(1, 2)

    def joined(x):
        return x.transpose(1, 2).reshape(1, length, -1)

    kept = []
    for layer in base.layers:
        attention, mlp = layer.self_attn, layer.mlp
        normed = layer.input_layernorm(hidden)
        q, k, v = (split(f(normed), n) for f, n in (
            (attention.q_proj, heads), (attention.k_proj, heads // groups), (attention.v_proj, heads // groups)
        ))  # fmt: skip
        q, k = rotated(q), rotated(k)
        keys, values = (x.repeat_interleave(groups, 1) for x in (k, v))
        scores = q @ keys.transpose(2, 3) / q.shape[-1] ** 0.5
        scores = scores.masked_fill(torch.ones(length, length).triu(1).bool(), -torch.inf)
        weights = scores.softmax(-1)
        mixed = weights @ values
        after = hidden + attention.o_proj(joined(mixed))
        second = layer.post_attention_layernorm(after)
        gate, up = mlp.gate_proj(second), mlp.up_proj(second)
        inner = silu(gate) * up
        kept.append(
            (
                hidden,
                normed,
                q,
                keys,
                values,
                scores,
                weights,
                mixed,
                after,
                second,
                gate,
                up,
                inner,
            )
        )
        hidden = after + mlp.down_proj(inner)

    def linear(module, x, relevance_per_output):
        """Relevance of a linear layer's inputs; `relevance_per_output` is relevance / output."""
        return relevance_per_output @ module.weight

    def norm(module, x, relevance_per_output):
        eps = module.variance_epsilon
        return (
            relevance_per_output
            * module.weight
            * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + eps)
        )

    head = model.lm_head.weight[target] - model.lm_head.weight[other]
    ratio = torch.zeros_like(hidden)  # relevance / activation
    ratio[0, -1] = head
    ratio = norm(base.norm, hidden, ratio)
    for layer, stored in zip(reversed(base.layers), reversed(kept), strict=True):
        x, normed, q, keys, values, scores, weights, mixed, after, second, gate, up, inner = stored
        attention, mlp = layer.self_attn, layer.mlp
        of_inner = linear(mlp.down_proj, inner, ratio) * inner  # relevance, shared half and half
        of_gate, of_up = of_inner / 2, of_inner / 2  # the activation passes all of it on
        into_second = linear(mlp.gate_proj, second, of_gate / gate) + linear(
            mlp.up_proj, second, of_up / up
        )
        ratio = ratio + norm(layer.post_attention_layernorm, after, into_second)
        of_mixed = split(
            linear(attention.o_proj, joined(mixed), ratio), heads
        )  # relevance / activation
        of_weights = weights * (of_mixed @ values.transpose(2, 3)) / 2  # relevance
        of_values = (weights.transpose(2, 3) @ of_mixed) / 2  # relevance / activation
        finite = scores.masked_fill(scores == -torch.inf, 0)
        of_scores = finite * (of_weights - weights * of_weights.sum(-1, keepdim=True))
        per_score = torch.where(finite == 0, 0, of_scores / finite) / 2 / q.shape[-1] ** 0.5
        of_q = per_score @ keys
        of_k = per_score.transpose(2, 3) @ q

        def gathered(x):
            return x.view(1, -1, groups, length, x.shape[-1]).sum(2)

        into_normed = (
            linear(attention.q_proj, normed, joined(unrotated(of_q)))
            + linear(attention.k_proj, normed, joined(unrotated(gathered(of_k))))
            + linear(attention.v_proj, normed, joined(gathered(of_values)))
        )
        ratio = ratio + norm(layer.input_layernorm, x, into_normed)
    return (ratio * base.embed_tokens(ids)).sum(-1)[0]
