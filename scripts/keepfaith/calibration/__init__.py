"""Calibration of a level: confidence against correctness, from saved predictions (numpy only)."""
