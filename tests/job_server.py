"""Runs scripts and modules in processes that are forked from this one: jobs, what jobs start, and benchmarks.

It has imported what takes a job longest.

A job has the working folder, the environment and the streams of the `job_client.py` that asks for it. When the client
is ended, by whatever signal, its job is killed with all that it started; how a job of the product ends when it is told
to is tested with a Python of its own. Nothing of keepfaith is imported here: a job takes that of its own copy of the
workflow.
"""

import contextlib
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import sys
import threading
import weakref
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from forked import end_after

IMPORTED = (
    "datasets",
    "jinja2",
    "matplotlib.backends.backend_agg",
    "matplotlib.backends.backend_pdf",
    "matplotlib.backends.backend_svg",
    "nbformat",
    "polars",
    "pydantic",
    "safetensors.torch",
    "scipy.optimize",
    "scipy.stats",
    "sklearn.linear_model",
    "smart_open",
    "snakemake.cli",
    "snakemake.report.html_reporter",
    "torch",
    "transformers:AutoModelForCausalLM",
    "transformers:GenerationConfig",
    "transformers:LlamaForCausalLM",
    "transformers:PreTrainedTokenizerFast",
    "yte",
)
"""Modules that scripts import, and members that a module imports when they are asked for."""

IDLE = {"jemalloc_bg_thd", "polars-ooc-clea"}
"""Threads that those modules start and that wait for work. A forked process lacks them and does not need them; others
could hold what would then stay locked there."""


def import_what_takes_longest() -> None:
    """Import all of `IMPORTED`, so that this process can be forked.

    Raises:
        RuntimeError: a module has started a thread that is not known to be idle.
    """
    main = threading.current_thread().native_id
    for name in IMPORTED:
        module, _, member = name.partition(":")
        getattr(importlib.import_module(module), member or "__name__")
    # What transformers makes once, when a model is first loaded.
    conversions = importlib.import_module("transformers.conversion_mapping")
    conversions.get_checkpoint_conversion_mapping("llama")
    assert "keepfaith" not in sys.modules
    for task in Path("/proc/self/task").iterdir():
        name = (task / "comm").read_text().strip()
        if int(task.name) != main and name not in IDLE:
            raise RuntimeError(f"an import has started a thread: {name}")
    # What imports have registered to be freed at the end needs no freeing.
    for registered in weakref.finalize._registry:  # type: ignore[attr-defined]
        registered.atexit = False


def main(listening: int) -> None:
    """Fork a process for every connection until the standard input ends."""
    listener = socket.socket(fileno=listening)
    signal.signal(signal.SIGCHLD, _ended)
    while True:
        ready, _, _ = select.select([listener, sys.stdin], [], [])
        if sys.stdin in ready:
            return
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            _handle(connection)
        connection.close()


def _ended(number: int, frame: FrameType | None) -> None:
    """Take note of processes that have ended, so that what they took counts for this one."""
    with contextlib.suppress(ChildProcessError):  # none is left
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _handle(connection: socket.socket) -> NoReturn:
    """Run one job to its end, tell the client its status, and end."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    asked, streams = _received(connection)
    job = os.fork()
    with contextlib.suppress(OSError):  # on both sides of the fork, whichever comes first
        os.setpgid(job, job)
    if job == 0:
        connection.close()
        _become(asked, streams)
        end_after(_run, *asked["named"])
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # an interrupt ends the client, and is then seen here
    ended = os.pidfd_open(job)
    ready, _, _ = select.select([connection, ended], [], [])
    if ended not in ready:
        # The client is gone: its job ends with all that it started, as when a machine is lost.
        os.killpg(job, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(job, 0)[1])
    if ended in ready:
        connection.sendall(str(status).encode())
    os._exit(0)


def _run(*named: str) -> None:
    """Run what a Python is started for: `-m` and a module, `-c` and code, or a script."""
    if named[0] == "-m":
        runpy.run_module(named[1], run_name="__main__", alter_sys=True)
    elif named[0] == "-c":
        exec(named[1], {"__name__": "__main__"})
    else:
        runpy.run_path(named[0], run_name="__main__")


def _received(connection: socket.socket) -> tuple[dict[str, Any], list[int]]:
    text, streams, _, _ = socket.recv_fds(connection, 1 << 16, 3)
    while not text.endswith(b"\n"):
        more = connection.recv(1 << 16)
        if not more:  # the client is gone
            os._exit(1)
        text += more
    return json.loads(text), streams


def _become(asked: dict[str, Any], streams: list[int]) -> None:
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.environ.clear()
    os.environ.update(asked["environment"])
    os.chdir(asked["folder"])
    sys.executable = sys.argv[2]  # what the job starts as Python has it from here, too
    named = asked["named"]
    sys.argv = [named[0] if len(named) > 1 else named[-1], *asked["words"]]
    if len(named) > 1:
        sys.path[:1] = [asked["folder"], *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    else:
        sys.path[0] = str(Path(named[0]).parent)


if __name__ == "__main__":
    import_what_takes_longest()
    gc.freeze()
    main(int(sys.argv[1]))
