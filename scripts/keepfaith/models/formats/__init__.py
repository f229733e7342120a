"""Formats of pruned checkpoints, one file each."""
