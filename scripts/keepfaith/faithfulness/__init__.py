"""Faithfulness of explanations: perturbed inputs, their probabilities, and the metrics on them.

`measure.measure` needs a scorer; `metrics` (with `agreement` and `rationale`) reads tables and never imports torch.
"""
