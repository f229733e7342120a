"""Snakemake, as its command line starts it, that asks SLURM for its jobs often.

The plugin has a setting for the first wait alone (`--slurm-init-seconds-before-status-checks`); each further wait for
a job is 10 s longer than the one before, so that a study of short jobs mostly waits.

Each SLURM job starts Python for Snakemake, again for Snakemake in its step, and for the script: most of the time of a
small job is that of imports. `PYTHON_OF_JOBS` names another program for them, such as one that forks a process in which
that is done.
"""

import asyncio
import os
import sys

from snakemake.cli import main
from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor

SECONDS = 0.3


async def soon(_: RemoteExecutor) -> None:
    """In place of the wait between two questions for all jobs."""
    await asyncio.sleep(SECONDS)


if __name__ == "__main__":
    RemoteExecutor.sleep = soon  # type: ignore[method-assign]
    sys.executable = os.environ.get("PYTHON_OF_JOBS", sys.executable)
    main(sys.argv[1:])
