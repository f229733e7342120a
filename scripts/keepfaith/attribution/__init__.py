"""Token scores: how much each prompt token speaks for the option that a level predicts.

`explain.explain` is the way in; each method is one module in `methods` that `plugins.method.METHODS` finds by its name.
"""
