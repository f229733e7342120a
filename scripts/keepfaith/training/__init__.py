"""Training of small Llamas from labelled examples: the built-in model, and `train` models of a study."""
