"""Faithfulness of explanations: perturbed inputs, their probabilities, and the metrics on them.

`measure.measure` needs a scorer; `metrics` (with `agreement` and `evidence`) reads only tables and never imports torch.
"""
