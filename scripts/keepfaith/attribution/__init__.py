"""Token scores: how much each prompt token contributes to the choice that a level predicts.

Start at `explain.explain`; each method is one module in `methods` that `plugins.method.METHODS` finds by its name.
"""
