"""What a task or an import says about the passages that its examples share, and what is taken for one unasked."""

NO_PASSAGE = "none"
"""What is typed where every example is independent of the others."""

SHORTEST_PASSAGE = 20
"""Characters; a shorter text, such as a topic or a source, may be shared by examples that have nothing in common."""
