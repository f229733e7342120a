"""Import of predictions: logs of lm-evaluation-harness as the tables that `scoring` writes."""
