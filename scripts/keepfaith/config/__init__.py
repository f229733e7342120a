"""Typed configuration, and the errors for invalid input. Imports no torch, no transformers."""
