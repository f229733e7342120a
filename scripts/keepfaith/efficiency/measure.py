"""Measurement of all levels of a pruning path, one process each (see `level`)."""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from keepfaith.artifacts.progress import Progress
from keepfaith.artifacts.schemas import EFFICIENCY
from keepfaith.artifacts.tables import conform
from keepfaith.efficiency.status import as_status, in_words
from keepfaith.models.components import Step
from keepfaith.models.level_groups import LevelGroup

logger = logging.getLogger(__name__)

PACKAGE = Path(__file__).resolve().parents[2]
"""Folder from which a child process imports the package."""


class EfficiencyError(Exception):
    """A level could not be measured."""


def measure_efficiency(
    folder: Path | str,
    order: Sequence[Step],
    levels: Sequence[int],
    contexts: Sequence[int],
    new_tokens: int,
    longest: int | None = None,
    dtype: str = "float32",
    device: str = "auto",
    threads: int = 1,
    repeats: int = 5,
) -> pl.DataFrame:
    """EFFICIENCY table of the levels of a pruning path.

    Args:
        folder: the dense model's folder.
        order: components in the order in which they are dropped.
        levels: levels to measure.
        contexts, new_tokens, longest, dtype, device, threads, repeats: as `measure_levels`.

    Raises:
        EfficiencyError: as `measure_levels`.
    """
    path = LevelGroup(str(folder), tuple(levels), tuple(order))
    return measure_levels([path], contexts, new_tokens, longest, dtype, device, threads, repeats)


def measure_levels(
    groups: Sequence[LevelGroup],
    contexts: Sequence[int],
    new_tokens: int,
    longest: int | None = None,
    dtype: str = "float32",
    device: str = "auto",
    threads: int = 1,
    repeats: int = 5,
) -> pl.DataFrame:
    """EFFICIENCY table of every level.

    Args:
        groups: the levels to measure, by the folder that they are loaded from.
        contexts: prompt lengths in tokens.
        new_tokens: tokens decoded after each prompt.
        longest: the model's longest input in tokens; None if it has no limit.
        dtype, device, threads: for running the model.
        repeats: timings, of which the fastest counts: other processes can only slow one down.

    Raises:
        EfficiencyError: a level's process failed, or the model's longest input leaves no token for a prompt.
    """
    shared = {
        "dtype": dtype,
        "device": device,
        "threads": threads,
        "contexts": fitting_contexts(contexts, new_tokens, longest),
        "new_tokens": new_tokens,
        "repeats": repeats,
    }
    levels = [level for group in groups for level in group.levels]
    requests = [
        {**shared, "folder": group.folder, "dropped": list(map(tuple, group.dropped(level)))}
        for group in groups
        for level in group.levels
    ]
    rows = []
    for level, of_level in zip(levels, _processes(requests, levels), strict=True):
        rows += [{"level": level, **row} for row in of_level]
    return conform(pl.DataFrame(rows), EFFICIENCY)


def fitting_contexts(contexts: Sequence[int], new_tokens: int, longest: int | None) -> list[int]:
    """Prompt lengths that fit into the longest input together with the new tokens; longer ones are shortened to fit.

    Models of one study differ in their longest input; each is measured up to its own.

    Raises:
        EfficiencyError: not even a prompt of one token fits.
    """
    if longest is None:
        return sorted(set(contexts))
    fitting = longest - new_tokens
    if fitting < 1:
        raise EfficiencyError(
            f"efficiency.new_tokens: {new_tokens} leave no room for a prompt in a model of {longest} positions; "
            f"type at most {longest - 1}"
        )
    if beyond := [context for context in contexts if context > fitting]:
        logger.info(
            "contexts %s are measured at %d tokens: %d positions minus %d new tokens",
            beyond,
            fitting,
            longest,
            new_tokens,
        )
    return sorted({min(context, fitting) for context in contexts})


def _processes(
    requests: Sequence[dict[str, object]], levels: Sequence[int]
) -> Iterator[list[dict[str, object]]]:
    """Rows of each request, in order, as soon as they are measured."""
    progress = Progress(len(requests), "levels", logger)
    with subprocess.Popen(
        [sys.executable, "-m", "keepfaith.efficiency.level"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(PACKAGE)},
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        json.dump(requests, process.stdin)
        process.stdin.close()
        for level in levels:
            line = process.stdout.readline()
            if not line:
                raise EfficiencyError(
                    f"level {level}: its process {in_words(as_status(process.wait()))}"
                )
            yield json.loads(line)
            progress.advance(1)
