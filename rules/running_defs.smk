# One run at a time, and the end of its jobs with it.

import signal
from pathlib import Path

from keepfaith.artifacts.interruption import end_jobs_on_signals
from keepfaith.artifacts.run_lock import AlreadyRunning, hold_run_lock

held_locks = []


def hold_run_lock_or_stop():
    """One run at a time in results/; the lock ends with this process."""
    try:
        held_locks.append(hold_run_lock(Path("results/.lock")))
    except AlreadyRunning as error:
        stop(error)


def end_jobs_with_this_process():
    """A signal to this process alone also ends its jobs; on a cluster, the executor handles SIGTERM."""
    end_jobs_on_signals(
        [signal.SIGINT, signal.SIGTERM] if workflow.local_exec else [signal.SIGINT]
    )


def refuse_no_gpu():
    """Refuse `--resources gpu=0`, which means "no limit" to Snakemake, not "no GPU"."""
    cap = workflow.resource_settings.resources.get("gpu")
    if cap is not None and cap.value == 0 and settings.study.scoring.device != "cpu":
        stop(
            "--resources gpu=0 limits nothing; without a GPU type --config 'scoring={device: cpu}'"
        )


refuse_no_gpu()
