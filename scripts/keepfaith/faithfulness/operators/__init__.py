"""Ways to remove features from a prompt: one module per operator, each defining `OPERATOR`.

Deleting ids and re-tokenising the remaining text are different operators: the second makes new tokens.
"""
