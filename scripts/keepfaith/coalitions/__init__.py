"""Exact faithfulness from one table: the log-likelihoods of every subset of an example's segments."""
