"""Scoring: log-likelihoods of choices; the only package that asks a model for their probabilities."""
