"""Model types that the rules of `relevance` are written for; here, as it can be read without torch."""

SUPPORTED = ("gemma", "gemma2", "gemma3_text", "llama", "mistral", "qwen2", "qwen3")
"""Model types whose attention, gated MLP and normalisation the rules are written for and tested on."""

ONE_PLUS_WEIGHT = ("gemma", "gemma2", "gemma3_text")
"""Model types whose normalisation multiplies by 1 + weight."""
