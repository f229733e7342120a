"""Figures of one cell (model, order, task) and of the whole study, in one style, from tables only."""
