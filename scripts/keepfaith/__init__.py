"""keepfaith: how far a language model can be pruned before it degrades."""
