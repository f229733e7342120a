"""Figures over all tasks of a study."""
