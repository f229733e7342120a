"""The built-in model: where its checkpoint ships; `keepfaith.training.builtin` made it."""

from pathlib import Path

CHECKPOINT = Path(__file__).parent / "checkpoint"
"""The shipped Hugging Face folder."""
