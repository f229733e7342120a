"""Progress of long work, with the time left, in the job's log."""

import logging
import time
from collections.abc import Callable


class Progress:
    """Counts finished work and logs it with the time left, at most once every `every` seconds.

    Rates are means over the run so far. The end is always logged, except for `quiet` work (one of many similar pieces),
    which is logged only if it takes that long.
    """

    def __init__(
        self,
        total: int,
        unit: str,
        logger: logging.Logger,
        every: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
        quiet: bool = False,
    ) -> None:
        self.total = total
        self.unit = unit
        self.done = 0
        self._logger = logger
        self._every = every
        self._clock = clock
        self._quiet = quiet
        self._started = clock()
        self._reported = self._started

    def advance(self, amount: int) -> None:
        """Count `amount` more units as finished."""
        self.done += amount
        now = self._clock()
        finished = self.done >= self.total and not self._quiet
        if amount and (finished or now - self._reported >= self._every):
            self._reported = now
            self._logger.info("%s", self.describe(now - self._started))

    def describe(self, elapsed: float) -> str:
        """One line: done of total, share, seconds gone and left."""
        share = self.done / self.total if self.total else 1.0
        left = elapsed * (1 - share) / share if share else float("nan")
        return (
            f"{self.done} of {self.total} {self.unit} ({share:.0%}), "
            f"{duration(elapsed)} gone, {duration(left)} left"
        )


def duration(seconds: float) -> str:
    """Seconds as a short text: 42 s, 3 min 07 s, 2 h 05 min."""
    if seconds != seconds:
        return "unknown time"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
