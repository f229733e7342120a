"""Predictions that somebody else's run made: logs of lm-evaluation-harness as the tables that `scoring` writes."""
