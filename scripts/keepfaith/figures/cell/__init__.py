"""Figures of one cell (model, order and task), one file each."""
