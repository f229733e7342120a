"""Figures of one unit (model x order x task) and of the whole study, in one style, from tables only."""
