"""KernelSHAP: Shapley values by least squares on subsets drawn from the Shapley kernel.

Everything is as in Captum 0.9.0's `LLMAttribution(KernelShap(model), ...)` on `TextTokenInput`, as in the
study: the full and the empty subset come first and weigh 10^6, then subsets of k of N tokens with
p(k) ~ 1 / (k (N - k)), each of weight 1. `shapley_masks` uses the same random stream: it equals what Captum
draws after `torch.manual_seed(seed)`. The regression is scikit-learn's, in float32 for log-probabilities, as in the
study, and in float64 for margins.
"""

from functools import partial

import numpy as np

from keepfaith.attribution.perturbation import SamplingSettings, sampling_passes, surrogate_scores
from keepfaith.plugins.method import Method

END_POINT_WEIGHT = 1e6


def shapley_masks(features: int, samples: int, seed: int) -> np.ndarray:
    """Shapley-kernel masks, bool [samples, features], true where a feature is kept.

    A single feature has no proper subset: then only the two end points are drawn.
    """
    import torch  # here, since reading the declaration must not load torch

    ends = torch.stack([torch.ones(features), torch.zeros(features)])
    if features == 1:
        return ends.numpy().astype(bool)
    generator = torch.Generator().manual_seed(seed)
    sizes = torch.arange(features, dtype=torch.float)
    probabilities = torch.tensor(features - 1) / (sizes * (features - sizes))
    probabilities[0] = 0.0
    probabilities = probabilities / probabilities.sum()
    masks = list(ends)
    # One draw of the size, then of the subset, per sample: the order in which Captum uses the stream.
    for _ in range(samples - len(ends)):
        size = int(torch.multinomial(probabilities, 1, replacement=True, generator=generator))
        noise = torch.randn(1, features, generator=generator)
        threshold = torch.kthvalue(noise, features - size).values
        masks.append((noise > threshold)[0])
    return torch.stack([mask.bool() for mask in masks[:samples]]).numpy()


def fit_least_squares(
    masks: np.ndarray, values: np.ndarray, dtype: type = np.float32
) -> np.ndarray:
    """Weighted least squares with an intercept, for all levels at once: float64 [levels, features].

    If the samples do not determine the coefficients, those of least norm are returned.

    Args:
        masks: bool [samples, features].
        values: [levels, samples].
        dtype: precision of the regression. Float32 is Captum's; next to weights of 10^6 its rounding moves
            scores by about 10^-3 (N = 100), far below the sampling noise but always by the same amount.
            Float64 is exact.
    """
    from sklearn.linear_model import LinearRegression  # as torch above

    kept = masks.sum(axis=1)
    ends = (kept == 0) | (kept == masks.shape[1])
    weights: np.ndarray = np.where(ends, END_POINT_WEIGHT, 1.0).astype(dtype)
    fit = LinearRegression().fit(masks.astype(dtype), values.T.astype(dtype), sample_weight=weights)
    return np.asarray(fit.coef_, dtype=np.float64)


METHOD = Method(
    label="KernelSHAP",
    citation="Lundberg and Lee 2017, arXiv:1705.07874; samples as in Captum 0.9.0",
    role="method",
    needs_model=True,
    seeded=True,
    settings=SamplingSettings,
    passes=sampling_passes,
    scores=surrogate_scores(
        shapley_masks, partial(fit_least_squares, dtype=np.float64), fit_least_squares
    ),
    replaces_tokens=True,
)
