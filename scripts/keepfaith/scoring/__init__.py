"""Option log-likelihoods: the only room that calls a model for option probabilities."""
