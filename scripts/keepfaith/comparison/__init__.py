"""Two studies side by side: the levels of one against the same levels of the other."""
