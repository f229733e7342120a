"""The built-in model: where its checkpoint ships, and the recipe that made it. No torch here."""

from pathlib import Path

from keepfaith.models.recipe import Architecture, Recipe

CHECKPOINT = Path(__file__).parent / "checkpoint"
"""The shipped Hugging Face folder."""

PROMPTS: dict[str, str] = {
    "sentiment": "{text}\nQuestion: Is this review positive or negative?\nAnswer:",
    "passage": "{passage}\nQuestion: {question}?\nAnswer:",
    "lookup": "{passage}\nQuestion: {question}\nAnswer:",
}
"""The prompts it was trained on, in lm-evaluation-harness's wording; an option follows a space."""

SEED = 0
ARCHITECTURE = Architecture(hidden=96, intermediate=256, layers=8, heads=4, tied=False)
VOCABULARY = 1000
"""The most tokens the tokenizer may have; it needs fewer, as the tasks' words run out."""
TOKENIZER_TEXTS = 1000
"""Texts a task that the tokenizer is learnt from."""
ROUND = 1500
"""Fresh texts a task in every round of training."""
EASY_ROUNDS = 2
"""Rounds at the beginning with fewer clauses."""

RECIPE = Recipe(
    steps=800,
    examples_per_step=48,
    learning_rate=2e-3,
    warmup=0.03,
    prompt_loss=0.02,
    attention_drop=0.3,
    drop_ramp=(0.3, 0.6),
    masked_examples=0.25,
    evaluate_every=100,
)
