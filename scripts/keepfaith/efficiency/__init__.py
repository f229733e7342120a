"""Savings of a level: weights, KV cache, time and memory, measured and by arithmetic."""
