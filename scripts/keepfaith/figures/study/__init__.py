"""Figures over all models, orders and tasks of a study, one file each."""
