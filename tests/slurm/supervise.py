"""Run a command; when told to end, or when its parent dies, end all that the command ever started.

Daemons detach their children, so a process group does not hold them. This process adopts the orphans instead:
what descends from the command stays its descendant until it dies.
"""

import ctypes
import os
import signal
import subprocess
import sys
from types import FrameType

import psutil

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36


def end(number: int, frame: FrameType | None) -> None:
    """Kill every descendant, also those that were started meanwhile."""
    while running := psutil.Process().children(recursive=True):
        for process in running:
            if process.is_running():
                process.kill()
        psutil.wait_procs(running, timeout=1)
    os._exit(0)


def main(command: list[str]) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    for option, value in ((PR_SET_CHILD_SUBREAPER, 1), (PR_SET_PDEATHSIG, signal.SIGTERM)):
        if libc.prctl(option, value, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "prctl")
    signal.signal(signal.SIGTERM, end)
    started = subprocess.Popen(command)
    while True:
        process, status = os.wait()
        if process == started.pid:
            return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
