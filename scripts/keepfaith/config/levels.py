"""Resolution of a study's levels to those of one model, and levels as text."""

from collections.abc import Iterable, Sequence
from math import ceil, floor

from keepfaith.config.errors import ConfigError
from keepfaith.config.schema import Levels

_ROUNDING = 1e-9
"""0.29 * 100 is not 29 to the last bit."""


def levels_of(
    wanted: Levels | tuple[int, ...], model: str, layers: int, location: str
) -> tuple[int, ...]:
    """The levels of one model in ascending order. The first is the dense one, with which all are compared.

    Args:
        wanted: the study's levels.
        model: name of the model.
        layers: its number of layers.
        location: where `wanted` was typed.

    Raises:
        ConfigError: a level that the model does not have; the message says what to type.
    """
    if isinstance(wanted, tuple):
        _check_most(wanted[-1], model, layers, location, f"levels up to {layers}")
        return tuple(sorted({0, *wanted}))
    if wanted.shares is not None:
        return _of_shares(wanted.shares, model, layers, f"{location}.shares")
    chosen = "half" if wanted.maximum is None else wanted.maximum
    maximum = {"half": layers // 2, "all": layers}[chosen] if isinstance(chosen, str) else chosen
    _check_most(maximum, model, layers, f"{location}.maximum", f"at most {layers}, half or all")
    return tuple(range(maximum + 1))


def checkpoint_levels(
    wanted: Levels | tuple[int, ...], order: str, known: Iterable[int], location: str
) -> tuple[int, ...]:
    """The levels that an order of checkpoints runs, in ascending order, the dense one first.

    A list chooses among them, and a maximum that is a number leaves out those above; `half` and `all`, which speak of
    layers, choose all.

    Args:
        wanted: the study's levels.
        order: name of the order.
        known: its levels.
        location: where `wanted` was typed.

    Raises:
        ConfigError: a level that the order does not have, or shares of layers; the message says what to type.
    """
    levels = sorted({0, *known})
    advice = f"whose levels are {level_words(levels)}; type levels that it has, or give it a study of its own"
    if isinstance(wanted, tuple):
        if missing := sorted(set(wanted) - set(levels)):
            raise ConfigError(location, f"{missing[0]} is no level of order {order!r}, {advice}")
        return tuple(sorted({0, *wanted}))
    if wanted.shares is not None:
        raise ConfigError(
            f"{location}.shares",
            f"shares of the layers choose no level of order {order!r}, {advice}",
        )
    if isinstance(wanted.maximum, int):
        return tuple(level for level in levels if level <= wanted.maximum)
    return tuple(levels)


def level_words(levels: Sequence[int]) -> str:
    """Ascending levels as text, runs of three or more by their ends: `1, 3 to 5`."""
    runs: list[list[int]] = []
    for level in levels:
        if runs and level == runs[-1][-1] + 1:
            runs[-1].append(level)
        else:
            runs.append([level])
    return ", ".join(
        f"{run[0]} to {run[-1]}" if len(run) > 2 else ", ".join(map(str, run)) for run in runs
    )


def _of_shares(shares: Sequence[float], model: str, layers: int, location: str) -> tuple[int, ...]:
    levels = [floor(share * layers + _ROUNDING) for share in shares]
    if not levels[0]:
        least = ceil(1000 / layers) / 1000
        raise ConfigError(
            location,
            f"{shares[0]:g} of the {layers} attention layers of model {model!r} is less than one, and level 0 is "
            f"always run; type at least {least:g}",
        )
    return tuple(sorted({0, *levels}))


def _check_most(level: int, model: str, layers: int, location: str, advice: str) -> None:
    if level > layers:
        raise ConfigError(
            location,
            f"{level} is above the {layers} attention layers of model {model!r}; type {advice}",
        )
