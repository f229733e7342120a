"""Context of every job: its log, its error message, and its end with the workflow."""

import errno
import gc
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

WATCH_SECONDS = 1.0

LEAVE_SECONDS = 10.0
"""For a job whose workflow was killed, to take its temporary files away."""

if hasattr(sys.modules["__main__"], "snakemake"):
    # A script's imports make millions of objects and hardly any garbage: without looking for it they take a seventh
    # less. `job`, whose body comes after them, ends this.
    gc.disable()


@contextmanager
def job(log: str | Path) -> Iterator[logging.Logger]:
    """Run the body of a script as a job.

    Progress goes to the file `log`. An error goes there with its traceback, and to standard error as one line;
    the process then exits with 1. A job that receives SIGTERM leaves no temporary file. A job whose workflow was
    killed stops by itself, as a rule within three seconds, so that a second run never competes with jobs of the first.
    The log's last line names the duration of the body, and the CPU time of the process and of those that it started.
    """
    if not gc.isenabled():
        gc.freeze()  # what was imported stays: no collection goes through it
        gc.enable()
    path = Path(log)
    path.parent.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(
        filename=path,
        filemode="w",
        level=logging.INFO,
        format="%(asctime)s %(name)s: %(message)s",
        force=True,
    )
    logging.captureWarnings(True)
    signal.signal(signal.SIGTERM, _leave)
    _stop_with_parent()
    logger = logging.getLogger("keepfaith")
    started = time.monotonic()
    try:
        yield logger
    except Exception as error:
        logger.exception("failed after %.1f s", time.monotonic() - started)
        print(f"keepfaith: {_one_line(error)} (log: {path})", file=sys.stderr)
        raise SystemExit(1) from error
    logger.info(
        "done in %.1f s (%.2f s of CPU time)", time.monotonic() - started, sum(os.times()[:4])
    )


def _one_line(error: Exception) -> str:
    hint = "; free some space and type the same command again: finished work is kept"
    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    # Libraries that write files put the system's message into their own errors.
    full = full or os.strerror(errno.ENOSPC) in str(error)
    return " ".join(f"{type(error).__name__}: {error}{hint if full else ''}".split())


def _leave(number: int, frame: FrameType | None) -> None:
    logging.getLogger("keepfaith").info("received SIGTERM; finished work is kept")
    raise SystemExit(128 + number)


def _stop_with_parent() -> None:
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(WATCH_SECONDS)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(LEAVE_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="stop-with-parent").start()
