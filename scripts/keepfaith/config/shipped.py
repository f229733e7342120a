"""Where the model that ships with keepfaith lies."""

from pathlib import Path

import keepfaith

BUILTIN_CHECKPOINT = Path(keepfaith.__path__[0], "models", "builtin", "checkpoint")
"""Its folder.

Jobs that only pass it on import it from here. One that makes the model's manifest imports `keepfaith.models.builtin`,
whose code digest covers the weights: who trains new ones changes nothing for the jobs of other models.
"""
