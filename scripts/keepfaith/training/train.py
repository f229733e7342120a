"""Training of a small Llama on (prompt, choice) pairs: seeded, on the CPU, in minutes.

The loss is the negative log-likelihood of the choice after its prompt, which the workflow
measures later, plus a small share of ordinary language-model loss on the prompt: a model this small
learns to look things up only by predicting, for example, names that occurred earlier in the prompt.

`attention_drop` of a recipe is stochastic depth (Huang et al. 2016, "Deep Networks with Stochastic Depth",
arXiv:1603.09382) on attention only and without rescaling, because pruning does not rescale either. With it, removal
degrades the model gradually instead of all at once. It grows linearly from 0 to its full value between the two shares
of the steps in `drop_ramp`, so the model learns to look things up before single layers become redundant.

`masked_examples` is the share of a step's examples with a masked prompt, with the same ramp: in each of them, a share
of the prompt drawn uniformly from [0, 1] is replaced by token 0. The model learns what the remaining tokens say about
the answer, so methods that explain by masking with token 0 do not leave its training distribution (Frye et al. 2021,
"Shapley explainability on the data manifold", arXiv:2006.01272).
"""

import logging
import math
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerBase

from keepfaith.config.schema import Architecture, Recipe
from keepfaith.training.pairs import Encoded, batches, masked_prompts, padded

logger = logging.getLogger(__name__)

EMBEDDING_SCALE = 7.0
"""Initial scale of untied embeddings, relative to other weights."""


Source = Callable[[int], Sequence[Encoded]]
"""Round number 0, 1, 2, ... -> its rows: new ones or, for a fixed training set, the same again."""

Evaluate = Callable[[LlamaForCausalLM, int], bool]
"""(model, steps taken) -> whether to stop training here."""


def build_model(
    architecture: Architecture, tokenizer: PreTrainedTokenizerBase, seed: int
) -> LlamaForCausalLM:
    """A Llama of that shape with random fp32 weights, the same for the same seed.

    The output of layers starts small relative to the embeddings (GPT-2's scaling of output projections);
    otherwise a narrow model needs many more steps before it distinguishes tokens by content.
    """
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=architecture.hidden,
        intermediate_size=architecture.intermediate,
        num_hidden_layers=architecture.layers,
        num_attention_heads=architecture.heads,
        num_key_value_heads=architecture.heads,
        max_position_embeddings=architecture.positions,
        tie_word_embeddings=architecture.tied,
        initializer_range=0.7 * architecture.hidden**-0.5,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    model = LlamaForCausalLM(config)
    with torch.no_grad():
        for layer in model.model.layers:
            layer.self_attn.o_proj.weight /= math.sqrt(2 * architecture.layers)
            layer.mlp.down_proj.weight /= math.sqrt(2 * architecture.layers)
        if not architecture.tied:
            model.model.embed_tokens.weight *= EMBEDDING_SCALE
    return model


@contextmanager
def dropped_attention(model: LlamaForCausalLM, probability: Callable[[], float]) -> Iterator[None]:
    """Inside, each example skips each attention sub-layer with `probability()`."""

    def zero_some(
        _: nn.Module, __: object, output: tuple[Tensor, ...]
    ) -> tuple[Tensor, ...] | None:
        chance = probability()
        if not model.training or chance <= 0:
            return None
        kept = torch.rand(output[0].shape[0], 1, 1) >= chance
        return output[0] * kept, *output[1:]

    handles = [layer.self_attn.register_forward_hook(zero_some) for layer in model.model.layers]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def option_log_likelihoods(
    model: LlamaForCausalLM, pairs: Sequence[Encoded], tokens_per_batch: int = 8192
) -> list[float]:
    """Summed log-likelihood (nats) of every pair's choice, in the order of `pairs`."""
    result = [0.0] * len(pairs)
    model.train(False)
    with torch.inference_mode():
        for batch in batches(pairs, tokens_per_batch):
            ids, _, is_option = padded([pairs[i] for i in batch], _pad(model))
            hidden = model.model(input_ids=ids[:, :-1], use_cache=False).last_hidden_state
            logits = model.lm_head(hidden[is_option])
            losses = functional.cross_entropy(logits, ids[:, 1:][is_option], reduction="none")
            rows = is_option.nonzero()[:, 0]
            sums = torch.zeros(len(batch)).index_add(0, rows, -losses)
            for index, value in zip(batch, sums.tolist(), strict=True):
                result[index] = value
    return result


def train(
    model: LlamaForCausalLM,
    source: Source,
    recipe: Recipe,
    seed: int,
    evaluate: Evaluate | None = None,
) -> int:
    """Train `model` in place; return the number of steps taken.

    The same model, pairs, recipe and seed give the same weights on the same machine and thread
    count. `evaluate` runs every `recipe.evaluate_every` steps and may end the training.
    """
    torch.manual_seed(seed)
    optimizer = torch.optim.AdamW(
        _decayed(model, recipe.weight_decay), lr=recipe.learning_rate, betas=(0.9, 0.98), fused=True
    )
    stream = _stream(source, recipe.examples_per_step, seed)
    step = 0
    started = time.monotonic()
    with dropped_attention(model, lambda: recipe.attention_drop * ramp_at(recipe, step)):
        for step in range(recipe.steps):
            for group in optimizer.param_groups:
                group["lr"] = rate_at(recipe, step)
            loss = _step(
                model, next(stream), recipe, recipe.masked_examples * ramp_at(recipe, step)
            )
            nn.utils.clip_grad_norm_(model.parameters(), recipe.clip)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            done = step + 1
            if done % 50 == 0 or done == recipe.steps:
                left = (time.monotonic() - started) / done * (recipe.steps - done)
                logger.info(
                    "step %d of %d, loss of choices %.3f, %.0f s left",
                    done,
                    recipe.steps,
                    loss,
                    left,
                )
            if evaluate and done % recipe.evaluate_every == 0 and evaluate(model, done):
                break
    model.train(False)
    return done


def rate_at(recipe: Recipe, step: int) -> float:
    """Learning rate: linear warm-up, then a cosine down to `final_rate` of the peak."""
    warmup = max(1, round(recipe.steps * recipe.warmup))
    if step < warmup:
        return recipe.learning_rate * (step + 1) / warmup
    progress = (step - warmup) / max(1, recipe.steps - warmup)
    wave = 0.5 * (1 + math.cos(math.pi * progress))
    return recipe.learning_rate * (recipe.final_rate + (1 - recipe.final_rate) * wave)


def ramp_at(recipe: Recipe, step: int) -> float:
    """Factor on `attention_drop` and `masked_examples` at this step, 0 to 1."""
    begin, full = recipe.drop_ramp
    progress = step / recipe.steps
    share = (progress - begin) / (full - begin) if full > begin else float(progress >= full)
    return min(1.0, max(0.0, share))


def _pad(model: LlamaForCausalLM) -> int:
    """The padding token of short rows; any token would do, as nothing attends to it."""
    pad = model.config.pad_token_id
    return 0 if pad is None else pad


def _decayed(model: nn.Module, weight_decay: float) -> list[dict[str, object]]:
    """Parameter groups of the optimizer: matrices with weight decay, norms without."""
    matrices = [p for p in model.parameters() if p.dim() > 1]
    vectors = [p for p in model.parameters() if p.dim() <= 1]
    return [
        {"params": matrices, "weight_decay": weight_decay},
        {"params": vectors, "weight_decay": 0.0},
    ]


def _stream(source: Source, count: int, seed: int) -> Iterator[list[Encoded]]:
    """Shuffled steps of `count` pairs, round after round, endlessly."""
    shuffle = random.Random(seed)
    step: list[Encoded] = []
    round_number = 0
    while True:
        pairs = list(source(round_number))
        if not pairs:
            raise ValueError("there is nothing to train on")
        shuffle.shuffle(pairs)
        for pair in pairs:
            step.append(pair)
            if len(step) == count:
                yield step
                step = []
        round_number += 1


def _step(
    model: LlamaForCausalLM, pairs: list[Encoded], recipe: Recipe, masked_examples: float
) -> float:
    """Accumulate the gradient of one step; return its loss on the choices (nats per choice)."""
    model.train()
    total = 0.0
    for batch in batches(pairs, recipe.tokens_per_batch):
        chosen = [pairs[i] for i in batch]
        ids, is_prompt, is_option = padded(chosen, _pad(model))
        inputs = ids[:, :-1]
        if recipe.word_dropout:
            gone = (torch.rand(inputs.shape) < recipe.word_dropout) & (is_prompt | is_option)
            inputs = inputs.masked_fill(gone, 0)
        if masked_examples:
            inputs = inputs.masked_fill(masked_prompts(chosen, inputs.shape[1], masked_examples), 0)
        embedded = functional.dropout(model.model.embed_tokens(inputs), recipe.embedding_dropout)
        hidden = model.model(inputs_embeds=embedded, use_cache=False).last_hidden_state
        targets = ids[:, 1:]
        option_logits = model.lm_head(hidden[is_option])
        option = functional.cross_entropy(option_logits, targets[is_option], reduction="sum")
        loss = option / len(pairs)
        if recipe.prompt_loss:
            prompt_logits = model.lm_head(hidden[is_prompt])
            prompt = functional.cross_entropy(prompt_logits, targets[is_prompt], reduction="sum")
            loss = loss + recipe.prompt_loss * prompt / len(pairs)
        loss.backward()  # type: ignore[no-untyped-call]
        total += option.item() / len(pairs)
    return total
