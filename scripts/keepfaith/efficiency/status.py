"""Exit status of a level's process, in words. Imports nothing that starts a thread, since `level` forks."""

import signal

SIGNALLED = 128
"""Exit statuses above this mean signals, as in a shell."""


def as_status(exit_code: int) -> int:
    """The exit status for Python's exit code of a child, which is negative if a signal ended it."""
    return SIGNALLED - exit_code if exit_code < 0 else exit_code


def in_words(status: int) -> str:
    """Description of a process that ended with this status."""
    number = status - SIGNALLED
    if number not in signal.valid_signals():
        return f"ended with exit status {status}; see its last lines in the log above"
    name = signal.Signals(number).name
    return f"was killed by {name}" + (" (out of memory?)" if name == "SIGKILL" else "")
