"""Distinct GPUs for jobs that run in parallel on one machine.

`--resources gpu=N` limits the number of GPU jobs; Snakemake does not assign devices to them. A job takes its devices by
locking one file per device. The kernel frees the locks of a process when it ends, in whatever way, so a lease cannot
outlive its holder.
"""

import fcntl
import getpass
import logging
import os
import random
import re
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from keepfaith.devices.visible import VISIBLE_DEVICES, Gpu, visible_gpus

logger = logging.getLogger(__name__)

RETRY_SECONDS = 0.2
NOTICE_SECONDS = 60.0


class LeaseError(Exception):
    """A job requests more GPUs than are visible."""


def lease_folder() -> Path:
    """Folder of this user's lock files on this machine."""
    return Path(tempfile.gettempdir()) / f"keepfaith-gpus-{getpass.getuser()}"


@contextmanager
def leased_gpus(count: int, folder: Path | None = None) -> Iterator[list[str]]:
    """Hold `count` GPUs that no other job of this user holds, and hide all others from this process.

    Waits while they are in use. Must be entered before CUDA is first used. On a machine without a GPU, and for a count
    of 0, nothing is locked and nothing changes.

    Raises:
        LeaseError: fewer than `count` GPUs are visible.
    """
    gpus = visible_gpus() if count else []
    if not gpus:
        yield []
        return
    if len(gpus) < count:
        raise LeaseError(
            f"the job requests {count} GPUs and sees {len(gpus)}; lower gpu in the model's catalog entry, or let "
            f"{VISIBLE_DEVICES} show more"
        )
    folder = folder or lease_folder()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with ExitStack() as held:
        leased = _wait_for(gpus, count, folder, held)
        before = os.environ.get(VISIBLE_DEVICES)
        os.environ[VISIBLE_DEVICES] = ",".join(leased)
        logger.info("GPUs of this job: %s", os.environ[VISIBLE_DEVICES])
        try:
            yield leased
        finally:
            if before is None:
                del os.environ[VISIBLE_DEVICES]
            else:
                os.environ[VISIBLE_DEVICES] = before


def _wait_for(gpus: Sequence[Gpu], count: int, folder: Path, held: ExitStack) -> list[str]:
    noticed = 0.0
    while True:
        with ExitStack() as taken:
            leased: list[str] = []
            for gpu in gpus:
                if len(leased) < count and _lock(folder, gpu, taken):
                    leased.append(gpu.token)
            if len(leased) == count:
                held.callback(taken.pop_all().close)
                return leased
        if time.monotonic() - noticed > NOTICE_SECONDS:
            noticed = time.monotonic()
            logger.info("waiting for %d of %d GPUs, all of which are in use", count, len(gpus))
        # Random, so that two jobs that need two devices each do not hold one each for ever.
        time.sleep(RETRY_SECONDS * random.uniform(0.5, 1.5))


def _lock(folder: Path, gpu: Gpu, taken: ExitStack) -> bool:
    """Lock a device if it is free."""
    path = folder / re.sub(r"[^\w.-]", "_", gpu.identity)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return False
    taken.callback(os.close, handle)
    return True
