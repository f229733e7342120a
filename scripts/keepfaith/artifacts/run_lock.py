"""Lock of a results folder for one run at a time; it does not survive a kill."""

import fcntl
from pathlib import Path
from typing import IO


class AlreadyRunning(Exception):
    """Another live run uses this results folder."""


def hold_run_lock(path: Path) -> IO[str]:
    """Lock `path` until this process ends, in whatever way; the kernel frees it.

    Returns the open handle, which the caller must keep.

    Raises:
        AlreadyRunning: another live process holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = path.open("a+", encoding="utf-8")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        handle.close()
        raise AlreadyRunning(
            f"{path.parent} is in use by another run; wait for it, or give this one its own folder with --directory"
        ) from error
    return handle
