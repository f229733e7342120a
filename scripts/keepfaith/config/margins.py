"""Margins by judged quantity: names looked up, defaults filled in.

The schema cannot do it: jobs that import the schema would depend on every quantity.
"""

from collections.abc import Mapping

from keepfaith.config.errors import ConfigError, nearest
from keepfaith.plugins.quantity import QUANTITIES, judged_quantities


def complete_margins(
    given: Mapping[str, float], place: str, coalitions: bool = False
) -> dict[str, float]:
    """A margin for every judged quantity, in the order in which they are judged.

    Args:
        given: what the study says, by name.
        place: where it says so, for messages.
        coalitions: whether the study scores coalitions; without them, quantities that need them are not judged.

    Raises:
        ConfigError: a name is that of no quantity, or of one that is never judged.
    """
    every = judged_quantities()
    judged = {name: of for name, of in every.items() if coalitions or not of.from_coalitions}
    for name in given:
        if name in judged:
            continue
        if name in every:
            raise ConfigError(
                f"{place}.{name}",
                "needs coalitions; type faithfulness: {segments: 10}, or leave it out",
            )
        if name in QUANTITIES.names():
            raise ConfigError(
                place, f"{name!r} is shown and never judged; judged are {', '.join(judged)}"
            )
        raise ConfigError(place, f"unknown key {name!r}{nearest(name, judged)}")
    defaults = {name: each.margin for name, each in judged.items() if each.margin is not None}
    return {name: given.get(name, default) for name, default in defaults.items()}
