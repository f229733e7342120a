"""Margins by judged quantity: names looked up, defaults filled in.

This is not done in the schema, as jobs that import the schema would then depend on every quantity.
"""

from collections.abc import Mapping

from keepfaith.config.errors import ConfigError, nearest
from keepfaith.plugins.quantity import QUANTITIES, judged_quantities


def complete_margins(
    given: Mapping[str, float], location: str, coalitions: bool = False
) -> dict[str, float]:
    """A margin for every judged quantity, in the order in which they are judged.

    Args:
        given: the study's margins by name.
        location: key under which they were typed, for messages.
        coalitions: whether the study scores coalitions; without them, quantities that need them are not judged.

    Raises:
        ConfigError: a name is not a quantity, or is one that is never judged.
    """
    every = judged_quantities()
    judged = {name: of for name, of in every.items() if coalitions or not of.from_coalitions}
    for name in given:
        if name in judged:
            continue
        if name in every:
            raise ConfigError(
                f"{location}.{name}",
                "needs coalitions; type faithfulness: {segments: 10}, or leave it out",
            )
        if name in QUANTITIES.names():
            raise ConfigError(
                location, f"{name!r} is shown and never judged; judged are {', '.join(judged)}"
            )
        raise ConfigError(location, f"unknown key {name!r}{nearest(name, judged)}")
    defaults = {name: each.margin for name, each in judged.items() if each.margin is not None}
    return {name: given.get(name, default) for name, default in defaults.items()}
