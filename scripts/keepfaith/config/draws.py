"""Minimum number of random draws for an interval and for a test.

A p-value from R draws cannot be smaller than about 1 / R, and Holm's correction multiplies the smallest of K levels
by K. With too few draws no harm is significant, however large. The ends of an interval from R draws lie between the
draws: with fewer than one beyond either end they are the extremes of few, and with one draw the interval has no width.
"""

from math import ceil, floor

from keepfaith.config.errors import ConfigError

_ROUNDING = 1e-9
"""Relative; 1 - 0.95 is not 0.05 to the last bit."""


def least_flips(levels: int, confidence: float) -> int:
    """Smallest number R of random sign flips whose p-value can pass: one-sided 1 / (2 (R + 1)), times `levels`.

    >>> least_flips(6, 0.95)
    119
    """
    return max(1, ceil(levels / (1 - confidence) * (1 - _ROUNDING)) - 1)


def least_simulations(levels: int, confidence: float) -> int:
    """Smallest number R of simulated label sets whose p-value can pass: one-sided 1 / R, times `levels`.

    >>> least_simulations(32, 0.95)
    1280
    """
    return max(1, ceil(2 * levels / (1 - confidence) * (1 - _ROUNDING)))


def least_for_interval(confidence: float) -> int:
    """Smallest number R of draws, one of which lies beyond each end of a central interval.

    >>> least_for_interval(0.95)
    40
    """
    return max(2, ceil(2 / (1 - confidence) * (1 - _ROUNDING)))


def check_interval(location: str, draws: int, confidence: float) -> None:
    """Refuse fewer draws than an interval needs.

    Args:
        location: where `draws` was typed.
        draws: number of draws for the interval or band.
        confidence: its coverage.

    Raises:
        ConfigError: in one line, with the number to type.
    """
    needed = least_for_interval(confidence)
    if draws < needed:
        raise ConfigError(
            location,
            f"{draws} draws give no interval of confidence {confidence:g}, whose ends lie at the "
            f"{50 * (1 - confidence):g} % of draws on either side; type at least {needed}",
        )


def check_flips(
    location: str, repetitions: int, levels: int, confidence: float, whose: str = ""
) -> None:
    """Refuse settings with which no change could be significant at any level.

    Args:
        location: where `repetitions` was typed.
        repetitions: number of sign flips.
        levels: pruned levels compared with the dense one: the most of any pruning path, or those of an import.
        confidence: coverage of the intervals; tests are one-sided at half of what is left.
        whose: key under which those levels were typed, if not the study's `levels`.

    Raises:
        ConfigError: in one line, with the number to type.
    """
    needed = least_flips(levels, confidence)
    if levels and repetitions < needed:
        most = floor((repetitions + 1) * (1 - confidence) * (1 + _ROUNDING))
        fewer = f", or run at most {most} pruned levels" if most else ""
        raise ConfigError(
            location,
            f"{repetitions} draws can show no harm, however large, at {levels} pruned levels"
            f"{f' of {whose}' if whose else ''} with confidence {confidence:g}; type at least {needed}{fewer}",
        )
