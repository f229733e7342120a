"""Quantities that are judged or shown, one file each; `plugins.quantity` says what a file declares."""
