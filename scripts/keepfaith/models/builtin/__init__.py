"""Built-in model: the path of its checkpoint, which `keepfaith.training.builtin` made."""

from pathlib import Path

CHECKPOINT = Path(__file__).parent / "checkpoint"
"""The shipped Hugging Face folder."""
