"""LIME: a sparse linear surrogate fitted to random subsets of the prompt tokens.

For log-probabilities everything is as in Captum 0.9.0's `LLMAttribution(Lime(model), ...)` on `TextTokenInput`, as in
the study: each token is kept with probability 1/2; a sample weighs exp(-d^2 / 2) with d the cosine distance between its
mask and the all-ones mask; the surrogate is scikit-learn's Lasso with alpha 0.01 and an intercept, in float32.
`bernoulli_masks` uses the same random stream: it equals what Captum draws after `torch.manual_seed(seed)`.

For margins the Lasso is fitted to standardised values, in float64 and to convergence: the penalty is fixed, so that
without this a model whose logits are all halved would get a sparser explanation.
"""

import numpy as np

from keepfaith.attribution.perturbation import SamplingSettings, sampling_passes, surrogate_scores
from keepfaith.plugins.method import Method

ALPHA = 0.01
KERNEL_WIDTH = 1.0
TOLERANCE, ITERATIONS = 1e-8, 20_000
"""Of the coordinate descent on standardised values: it converges, so that rounding does not decide where it stops."""


def bernoulli_masks(features: int, samples: int, seed: int) -> np.ndarray:
    """Bernoulli(1/2) masks, bool [samples, features], true where a feature is kept."""
    import torch  # here, since reading the declaration must not load torch

    generator = torch.Generator().manual_seed(seed)
    half = torch.full((samples, features), 0.5)
    return torch.bernoulli(half, generator=generator).bool().numpy()


def cosine_weights(masks: np.ndarray) -> np.ndarray:
    """Weight of each sample, float64 [samples].

    The cosine between a mask with k of N ones and the all-ones mask is sqrt(k / N); Captum computes the
    distance on the masks, not on token ids or embeddings.
    """
    distance = 1 - np.sqrt(masks.mean(axis=1))
    return np.asarray(np.exp(-(distance**2) / (2 * KERNEL_WIDTH**2)))


def fit_lasso(masks: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Lasso coefficients per level, float64 [levels, features].

    Args:
        masks: bool [samples, features].
        values: [levels, samples].
    """
    from sklearn.linear_model import Lasso  # as torch above

    design = np.asfortranarray(masks, dtype=np.float32)
    weights = cosine_weights(masks).astype(np.float32)
    # Float32 and scikit-learn's default tolerance: the result depends on where the coordinate descent stops.
    fits = [
        Lasso(alpha=ALPHA).fit(design, level.astype(np.float32), sample_weight=weights).coef_
        for level in values
    ]
    return np.stack(fits).astype(np.float64)


def fit_standardised_lasso(masks: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Lasso coefficients of values divided by their weighted standard deviation, times that deviation.

    Values times a number give scores times that number. Values that are all equal give zeros.

    Args:
        masks: bool [samples, features].
        values: [levels, samples].

    Returns:
        Float64 [levels, features].
    """
    from sklearn.linear_model import Lasso  # as torch above

    design = np.asfortranarray(masks, dtype=np.float64)
    weights = cosine_weights(masks)
    scores = np.zeros((len(values), masks.shape[1]))
    for of_level, level in zip(scores, values, strict=True):
        if np.ptp(level) == 0:
            continue
        centred = level - np.average(level, weights=weights)
        deviation = np.sqrt(np.average(centred**2, weights=weights))
        fit = Lasso(alpha=ALPHA, tol=TOLERANCE, max_iter=ITERATIONS)
        fit.fit(design, centred / deviation, sample_weight=weights)
        of_level[:] = fit.coef_ * deviation
    return scores


METHOD = Method(
    label="LIME",
    citation="Ribeiro, Singh, Guestrin 2016, arXiv:1602.04938; samples as in Captum 0.9.0",
    role="method",
    needs_model=True,
    seeded=True,
    settings=SamplingSettings,
    passes=sampling_passes,
    scores=surrogate_scores(bernoulli_masks, fit_standardised_lasso, fit_lasso),
    replaces_tokens=True,
)
