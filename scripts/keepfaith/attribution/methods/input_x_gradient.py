"""Input x gradient: the first-order effect of scaling each token's embedding to zero.

The score of a token is the sum over embedding dimensions of embedding times d value / d embedding, signed, so that
tokens that lower the explained value (the target's margin, or its log-probability) rank last.
"""

from keepfaith.attribution.gradients import PROMPT_GRADIENT, prompt_gradient_scores
from keepfaith.attribution.problem import NoSettings
from keepfaith.plugins.method import Method

METHOD = Method(
    label="input x gradient",
    citation="Shrikumar, Greenside, Kundaje 2017, arXiv:1704.02685; Denil et al. 2014, arXiv:1412.6815",
    role="method",
    needs_model=True,
    seeded=False,
    settings=NoSettings,
    passes=lambda settings, features: PROMPT_GRADIENT,
    scores=prompt_gradient_scores(
        lambda scorer, inputs, level: scorer.embedding_effects(inputs, level)
    ),
)
