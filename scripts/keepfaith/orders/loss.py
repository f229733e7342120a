"""Loss on calibration text with some components removed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import torch

from keepfaith.models.components import Component, Step
from keepfaith.models.removal import PrunableModel


def mean_loss(
    model: PrunableModel, samples: Sequence[torch.Tensor], dropped: Iterable[Step]
) -> float:
    """Mean negative log-likelihood of the samples' tokens after the first, in nats per token."""
    total, tokens = 0.0, 0
    with torch.inference_mode(), model.dropping(dropped):
        for sample in samples:
            log_p = log_probabilities(model, sample)[:-1]  # [T - 1, vocabulary]
            targets = sample[0, 1:].to(log_p.device)  # [T - 1]
            total -= float(log_p.gather(1, targets[:, None]).double().sum())
            tokens += len(targets)
    if not tokens:
        raise ValueError("every calibration sample has a single token: there is nothing to predict")
    return total / tokens


def mean_divergence(
    model: PrunableModel,
    samples: Sequence[torch.Tensor],
    variants: Mapping[Component, Sequence[Step]],
) -> dict[Component, float]:
    """Per variant KL(dense || variant) of the next token, mean over all tokens, in nats.

    Args:
        model: the dense model.
        samples: token ids, each [1, T].
        variants: the components that each variant drops.
    """
    totals, tokens = dict.fromkeys(variants, 0.0), 0
    with torch.inference_mode():
        for dense, sample in _dense(model, samples):  # [T, vocabulary], [1, T]
            tokens += len(dense)
            for name, dropped in variants.items():
                with model.dropping(dropped):
                    pruned = log_probabilities(model, sample)  # [T, vocabulary]
                totals[name] += float((dense.exp() * (dense - pruned)).double().sum())
    return {name: total / tokens for name, total in totals.items()}


def log_probabilities(model: PrunableModel, sample: torch.Tensor) -> torch.Tensor:
    """Log-probabilities of the next token, [T, vocabulary], in float32 at least."""
    logits: torch.Tensor = model.model(input_ids=sample.to(model.device), use_cache=False).logits[0]
    if logits.dtype in (torch.bfloat16, torch.float16):
        logits = logits.float()
    return logits.log_softmax(-1)


def _dense(
    model: PrunableModel, samples: Sequence[torch.Tensor]
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    for sample in samples:
        with model.dropping(()):
            yield log_probabilities(model, sample), sample
