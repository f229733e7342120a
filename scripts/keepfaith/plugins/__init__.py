"""Declarations of every kind of plug-in, and their registries. Every package may use them."""
