"""Programs that are forked from a process which has imported what takes them longest.

Each has an environment, a working folder and files for its output of its own, as if it had been started anew.
"""

import atexit
import gc
import json
import os
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NoReturn


@dataclass(frozen=True)
class Ended:
    """How a program ended, and what it wrote."""

    status: int
    output: str
    errors: str


class Forks:
    """Asks `program`, a file that calls `serve`, for processes; it is started when the first is asked for.

    It imports what it imports in `environment`, by default that of this process; each process that it forks has its
    own.
    """

    def __init__(self, program: Path, environment: Mapping[str, str] | None = None) -> None:
        self._program, self._environment = program, environment
        self._server: subprocess.Popen[str] | None = None

    def run(
        self,
        arguments: Sequence[object],
        folder: Path,
        environment: dict[str, str],
        timeout: float = 180,
        joined: bool = False,
    ) -> Ended:
        """Run the program to its end in `folder`; where `joined`, errors are written among the output."""
        server = self._started()
        assert server.stdin and server.stdout
        with TemporaryDirectory() as place:
            output = Path(place) / "output"
            errors = output if joined else Path(place) / "errors"
            asked = {
                "arguments": list(arguments),
                "folder": str(folder),
                "environment": environment,
                "timeout": timeout,
                "output": str(output),
                "errors": str(errors),
            }
            server.stdin.write(json.dumps(asked) + "\n")
            server.stdin.flush()
            status = int(server.stdout.readline())
            written = [path.read_text("utf-8", "replace") for path in (output, errors)]
        return Ended(status, *written)

    def _started(self) -> subprocess.Popen[str]:
        if self._server is None:
            self._server = subprocess.Popen(
                [sys.executable, str(self._program)],
                env=self._environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            atexit.register(self._server.communicate)
        return self._server


def serve(main: Callable[..., None]) -> None:
    """Call `main` with the arguments of each line of the standard input, in a process forked for it."""
    gc.freeze()
    for line in sys.stdin:
        asked = json.loads(line)
        if os.fork() == 0:
            _become(asked)
            end_after(main, *asked["arguments"])
        _, status = os.wait()
        print(os.waitstatus_to_exitcode(status), flush=True)


def end_after(run: Callable[..., object], *arguments: object) -> NoReturn:
    """Call `run` with `arguments`, wait for threads, call what is to be called at the end, and end this process.

    Objects are not freed: in a forked process each is copied first, which takes longer than most jobs.
    """
    status: object = 0
    try:
        run(*arguments)
    except SystemExit as ended:
        status = 0 if ended.code is None else ended.code
        if not isinstance(status, int):
            print(status, file=sys.stderr)
            status = 1
    except Exception:
        traceback.print_exc()
        status = 1
    threading._shutdown()  # waits for threads, as Python does
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status & 0xFF)


def _become(asked: dict[str, Any]) -> None:
    signal.setitimer(signal.ITIMER_REAL, asked["timeout"])  # its end, where it hangs
    os.environ.clear()
    os.environ.update(asked["environment"])
    os.chdir(asked["folder"])
    sys.path[0] = asked["folder"]  # as for `python -m`
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for stream, name in ((1, "output"), (2, "errors")):
        os.dup2(os.open(asked[name], os.O_WRONLY | os.O_CREAT | os.O_APPEND), stream)
