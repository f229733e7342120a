"""Margins and expected spreads by judged quantity: names looked up, defaults of margins filled in.

This is not done in the schema, as jobs that import the schema would then depend on every quantity.
"""

from collections.abc import Mapping

from keepfaith.config.errors import ConfigError, nearest
from keepfaith.plugins.quantity import QUANTITIES, Quantity, judged_quantities

NOT_EXPLAINED = (
    "judges explanations; type a number of examples.explanation above 0, or leave it out"
)
INSTEAD = {
    "coalitions": "needs segments; type faithfulness: {segments: 10}, or leave it out",
    "study": "needs the study's protocol; type faithfulness: {protocol: study}, or leave it out",
}
"""What to type where a margin is given for a quantity that the study's protocols do not measure."""


def complete_margins(
    given: Mapping[str, float], location: str, protocols: tuple[str, ...] = ("coalitions",)
) -> dict[str, float]:
    """A margin for every judged quantity, in the order in which they are judged.

    Of two protocols only the first judges explanations, unless the study gives a margin: the study's raw values follow
    confidence.

    Args:
        given: the study's margins by name.
        location: key under which they were typed, for messages.
        protocols: those of `plugins.quantity.PROTOCOLS` that the study runs; none in a study that explains nothing.

    Raises:
        ConfigError: a name is not a quantity, or is one that is never judged or not measured.
    """
    every = judged_quantities()
    measured = {
        name: of
        for name, of in every.items()
        if of.protocol in (None, *protocols) and (protocols or not of.explained)
    }
    for name in given:
        if name in measured:
            continue
        if name in every:
            instead = INSTEAD[every[name].protocol or ""] if protocols else NOT_EXPLAINED
            raise ConfigError(f"{location}.{name}", instead)
        if name in QUANTITIES.names():
            raise ConfigError(
                location, f"{name!r} is shown and never judged; judged are {', '.join(measured)}"
            )
        raise ConfigError(location, f"unknown key {name!r}{nearest(name, measured)}")

    def is_judged(name: str, of: Quantity) -> bool:
        return name in given or of.protocol in (None, *protocols[:1])

    return {
        name: given.get(name, of.margin)
        for name, of in measured.items()
        if of.margin is not None and is_judged(name, of)
    }


def check_spreads(given: Mapping[str, float], location: str) -> None:
    """Refuse the spread of a quantity that is not judged.

    Raises:
        ConfigError: the first such name.
    """
    judged = judged_quantities()
    for name in given:
        if name not in judged:
            raise ConfigError(location, f"unknown key {name!r}{nearest(name, judged)}")
