"""Models that turn positions by the length of the longest input: each input is computed as it is alone."""

import pytest
import torch
from test_scorer import LEVELS, ORDER, assert_close
from zoo import COMMON, VOCABULARY, from_settings

from keepfaith.models.positions import turning_lengths
from keepfaith.models.removal import PrunableModel
from keepfaith.scoring.encoding import GradientInput, ScoringInput
from keepfaith.scoring.layout import Packing, TokenPrompt
from keepfaith.scoring.scorer import OptionScorer

TURN = 32
LONGROPE = {
    "rope_type": "longrope",
    "rope_theta": 1e4,
    "long_factor": [1.1, 4.4, 9.0, 16.0],
    "short_factor": [1.0, 1.0, 1.1, 1.2],
}
EXACT = {"rtol": 1e-6, "atol": 1e-6}  # rotary tables are float32


def phi3() -> PrunableModel:
    settings = {**COMMON, "original_max_position_embeddings": TURN, "rope_parameters": LONGROPE}
    return PrunableModel(from_settings("phi3", settings, dtype=torch.float64))


def ids(count: int, seed: int) -> tuple[int, ...]:
    generator = torch.Generator().manual_seed(100 * count + seed)
    return tuple(torch.randint(3, VOCABULARY, (count,), generator=generator).tolist())


def around(lengths: range, prefix: tuple[int, ...] = ()) -> list[ScoringInput]:
    """Prompts on both sides of the turn, some whose options stand on either side of it."""
    return [
        ScoringInput(prefix + ids(n, 0), (ids(1, 1), ids(1, 2), ids(3, 3), ids(5, 4)))
        for n in lengths
    ]


@pytest.mark.parametrize("budget", [24, 256, 4096])
@pytest.mark.parametrize("packing", [None, Packing(False)], ids=["packed", "apart"])
def test_every_option_scores_as_its_row_does_alone(budget: int, packing: Packing | None) -> None:
    prunable, inputs = phi3(), around(range(TURN - 6, TURN + 4))
    scorer = OptionScorer(prunable, ORDER, budget, packing)
    assert scorer.packing.turns == (TURN,)
    found = scorer.log_likelihoods(inputs, LEVELS)
    expected = [reference_alone(prunable, item) for item in inputs]
    assert_close(found, expected, **EXACT)


def reference_alone(prunable: PrunableModel, item: ScoringInput):
    """Plain forwards of one row at every level, without the token that is never fed: it could lie beyond the turn."""
    values = torch.zeros(len(LEVELS), len(item.option_ids), dtype=torch.float64)
    for index, level in enumerate(LEVELS):
        with prunable.at_level(ORDER, level) as model, torch.inference_mode():
            for number, option in enumerate(item.option_ids):
                fed = torch.tensor([item.prompt_ids + option[:-1]])
                logits = model(fed, use_cache=False).logits[0].log_softmax(-1)
                read = logits[len(item.prompt_ids) - 1 :]
                values[index, number] = sum(row[t] for row, t in zip(read, option, strict=True))
    return values.numpy()


def test_the_neighbours_would_matter() -> None:
    """Without bands the case at hand is computed otherwise: the test above tests something."""
    model = phi3().model
    short = torch.tensor([ids(TURN, 0)])
    padded = torch.cat([short, short[:, :1]], 1)
    with torch.inference_mode():
        alone = model(short, use_cache=False).logits[0]
        beside = model(padded, use_cache=False).logits[0, :TURN]
    assert (alone - beside).abs().max() > 0.1


def test_prompts_behind_a_shared_beginning() -> None:
    """Positions of a packed row start anew per prompt: it is as long as its longest prompt with an option."""
    prefix = ids(34, 9)
    settings = {**COMMON, "original_max_position_embeddings": 42, "rope_parameters": LONGROPE}
    prunable = PrunableModel(from_settings("phi3", settings, dtype=torch.float64))
    inputs = around(range(4, 12), prefix)
    scorer = OptionScorer(prunable, ORDER, 4096)
    assert any(
        row.branched
        for row in scorer.packing.rows({TokenPrompt(i.prompt_ids): {(5,): 0} for i in inputs})
    )
    expected = [reference_alone(prunable, item) for item in inputs]
    assert_close(scorer.log_likelihoods(inputs, LEVELS), expected, **EXACT)


def test_gradients() -> None:
    inputs = [
        GradientInput(ids(n, 0), (ids(length, 1),), (1.0,), share=0.5)
        for n in range(TURN - 3, TURN + 3)
        for length in (1, 3)
    ]
    scorer = OptionScorer(phi3(), ORDER, 4096)
    together = scorer.embedding_effects(inputs, 1)
    alone = [OptionScorer(phi3(), ORDER, 4096).embedding_effects([i], 1)[0] for i in inputs]
    assert_close(together, alone, **EXACT)


def test_dynamic_scaling_up_to_the_longest_input() -> None:
    """It turns where no input is admitted any more."""
    dynamic = {"rope_type": "dynamic", "factor": 4.0, "rope_theta": 1e4}
    settings = {**COMMON, "max_position_embeddings": TURN, "rope_parameters": dynamic}
    prunable = PrunableModel(from_settings("llama", settings, dtype=torch.float64))
    assert turning_lengths(prunable.model.config) == ()
    assert prunable.context_length == TURN
    inputs = [ScoringInput(ids(n, 0), (ids(1, 1), ids(2, 2))) for n in (5, 20, TURN - 1)]
    found = OptionScorer(prunable, ORDER, 4096).log_likelihoods(inputs, LEVELS)
    assert_close(found, [reference_alone(prunable, item) for item in inputs], **EXACT)


def test_most_models_have_no_turn() -> None:
    scaled = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": TURN}
    for parameters in (
        None,
        {"rope_theta": 1e4, "rope_type": "default"},
        {**scaled, "rope_theta": 1e4},
    ):
        config = from_settings("llama", {**COMMON, "rope_parameters": parameters}).config
        assert turning_lengths(config) == ()
