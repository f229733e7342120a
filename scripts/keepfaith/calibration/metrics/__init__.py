"""Metrics of accuracy and calibration, one file each; `plugins.metric` says what a file declares."""
