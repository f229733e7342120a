"""Gradient norm: how strongly the explained value reacts to each token's embedding.

The score of a token is the Euclidean norm of d value / d embedding. It has no sign: a token that speaks against the
target ranks as high as one that speaks for it.
"""

from keepfaith.attribution.gradients import PROMPT_GRADIENT, prompt_gradient_scores
from keepfaith.attribution.problem import NoSettings
from keepfaith.plugins.method import Method

METHOD = Method(
    label="gradient norm",
    citation="Simonyan, Vedaldi, Zisserman 2014, arXiv:1312.6034; Atanasova et al. 2020, arXiv:2009.13295",
    role="method",
    needs_model=True,
    seeded=False,
    settings=NoSettings,
    passes=lambda settings, features: PROMPT_GRADIENT,
    scores=prompt_gradient_scores(
        lambda scorer, inputs, level: scorer.gradient_norms(inputs, level)
    ),
)
