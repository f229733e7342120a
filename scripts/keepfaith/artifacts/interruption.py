"""Termination of the jobs of a run when a signal reaches only its main process.

Ctrl-C in a terminal reaches every process of a run. A signal to the main process only (`kill`, a service manager, a
notebook) does not: Snakemake then waits for the running jobs, which may take hours. Their finished shards are kept, so
they are ended instead, and the same command resumes.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable
from functools import partial
from types import FrameType
from typing import Any

import psutil

SCRIPTS = f"{os.sep}.snakemake{os.sep}scripts{os.sep}"
"""Folder of the scripts that Snakemake's jobs run; only jobs have it in their command."""

GRACE_SECONDS = 3.0
"""Time between SIGTERM and SIGKILL to a job."""

POLL_SECONDS = 0.2

THREAD = "end-jobs"


def end_jobs_on_signals(signals: Iterable[signal.Signals]) -> None:
    """From now on, each of `signals` ends the jobs that this process has started on this machine, then interrupts it.

    Jobs on other machines are ended by their executor, which is told of the interruption. Must be called in the main
    thread.
    """
    for number in signals:
        signal.signal(number, _interrupt)


def _interrupt(number: int, frame: FrameType | None) -> None:
    # A thread, because a job may just be starting, and because the main thread then waits for its jobs.
    if not any(thread.name == THREAD for thread in threading.enumerate()):
        threading.Thread(target=_end_jobs, name=THREAD).start()
    raise KeyboardInterrupt


def _end_jobs() -> None:
    line = "keepfaith: interrupted; jobs are ended, and the same command resumes from what they have finished"
    print(line, file=sys.stderr, flush=True)
    asked: dict[psutil.Process, float] = {}
    # As long as this process may start jobs, and then until the last job has ended.
    while threading.main_thread().is_alive() or any(map(_runs, asked)):
        for process in reversed(jobs_below(psutil.Process())):
            if process not in asked:
                asked[process] = time.monotonic()
                _tell(process.terminate)
        for process, since in asked.items():
            if time.monotonic() - since > GRACE_SECONDS and _runs(process):
                _tell(process.kill)
        time.sleep(POLL_SECONDS)


def _runs(process: psutil.Process) -> bool:
    return process.is_running() and _tell(process.status) not in (None, psutil.STATUS_ZOMBIE)


def jobs_below(process: psutil.Process) -> list[psutil.Process]:
    """The processes of jobs that `process` has started, with all their child processes."""
    found: list[psutil.Process] = []
    for child in _tell(process.children) or []:
        if any(SCRIPTS in word for word in _tell(child.cmdline) or []):
            found += [child, *(_tell(partial(child.children, recursive=True)) or [])]
        else:
            found += jobs_below(child)
    return found


def _tell(what: Callable[[], Any]) -> Any:
    """The result of `what`; None where the process has ended in the meantime."""
    try:
        return what()
    except psutil.Error:
        return None
