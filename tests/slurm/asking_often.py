"""Snakemake, as its command line starts it, that asks SLURM for its jobs every second.

The plugin has a setting for the first wait alone (`--slurm-init-seconds-before-status-checks`); each further wait for
a job is 10 s longer than the one before, so that a study of short jobs mostly waits.
"""

import asyncio
import sys

from snakemake.cli import main
from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor

SECONDS = 1.0


async def soon(_: RemoteExecutor) -> None:
    """In place of the wait between two questions for all jobs."""
    await asyncio.sleep(SECONDS)


if __name__ == "__main__":
    RemoteExecutor.sleep = soon  # type: ignore[method-assign]
    main(sys.argv[1:])
