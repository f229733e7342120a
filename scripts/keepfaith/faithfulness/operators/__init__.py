"""Operators: ways to remove features from a prompt, one module each, which defines `OPERATOR`.

Deleting ids and tokenising the remaining text again are different operators: the second makes new tokens.
"""
