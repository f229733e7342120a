"""Tasks: sources, prompts with the spans of their fields, and subsets of examples."""
