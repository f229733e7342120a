"""The settings of a small trained model: its shape and how it is trained. No torch here."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Architecture:
    """Shape of a small Llama. `positions` is the longest input in tokens.

    `tied`: one matrix serves as input embeddings and output head.
    """

    hidden: int
    intermediate: int
    layers: int
    heads: int
    positions: int = 256
    tied: bool = True


@dataclass(frozen=True)
class Recipe:
    """How to train. Probabilities and shares lie in [0, 1); `steps` is the most that are taken.

    `attention_drop` is the probability that one example goes past one whole attention sub-layer in
    one step (stochastic depth, Huang et al. 2016, arXiv:1603.09382, on attention only and without
    rescaling, because pruning does not rescale either). It makes removal degrade the model
    gradually instead of all at once. It grows linearly from 0 to its full value between the two
    shares of the steps that `drop_ramp` names, so that looking things up is learnt before it is
    made redundant.

    `prompt_loss` is the weight of the language-model loss per prompt token. `word_dropout` replaces
    input tokens by token 0, `embedding_dropout` zeroes entries of their vectors.

    `masked_examples` is the share of a step's examples whose prompt is shown in part, after the
    same ramp: each of them loses to token 0 a share of its prompt drawn evenly from 0 to 1. The
    model learns what the tokens left over say about the answer, so that methods which explain by
    masking with token 0 ask it nothing it never saw (Frye et al. 2021, arXiv:2006.01272).
    """

    steps: int
    examples_per_step: int = 96
    tokens_per_batch: int = 4096
    learning_rate: float = 2e-3
    final_rate: float = 0.05
    warmup: float = 0.05
    weight_decay: float = 0.05
    clip: float = 1.0
    prompt_loss: float = 0.2
    attention_drop: float = 0.0
    drop_ramp: tuple[float, float] = (0.0, 0.5)
    word_dropout: float = 0.0
    embedding_dropout: float = 0.0
    masked_examples: float = 0.0
    evaluate_every: int = 250
