"""How the process of a level came to its end. Imports nothing that starts a thread: `level` forks."""

import signal

SIGNALLED = 128
"""Exit statuses above this stand for signals, as in a shell."""


def as_status(exit_code: int) -> int:
    """The exit status for Python's exit code of a child, which is negative where a signal ended it."""
    return SIGNALLED - exit_code if exit_code < 0 else exit_code


def in_words(status: int) -> str:
    """What to say of a process that ended with this status."""
    number = status - SIGNALLED
    if number not in signal.valid_signals():
        return f"ended with {status}; its last words are in the log above"
    name = signal.Signals(number).name
    return f"was killed by {name}" + (" (out of memory?)" if name == "SIGKILL" else "")
