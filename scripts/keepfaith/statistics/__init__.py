"""Intervals, paired tests and the verdict, from saved tables (numpy and scipy only)."""
