"""Runs scripts of jobs, and modules that jobs start, in processes that are forked from this one.

It has imported what takes a job longest.

A job has the working folder, the environment and the streams of the `job_client.py` that asks for it; when the client
is ended, so is the job. Nothing of keepfaith is imported here: a job takes that of its own copy of the workflow.
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
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from forked import end_after

IMPORTED = (
    "jinja2",
    "matplotlib.backends.backend_agg",
    "matplotlib.backends.backend_pdf",
    "matplotlib.backends.backend_svg",
    "pydantic",
    "safetensors.torch",
    "scipy.optimize",
    "scipy.stats",
    "snakemake.logging",
    "torch",
    "transformers:AutoModelForCausalLM",
    "transformers:GenerationConfig",
    "transformers:LlamaForCausalLM",
    "transformers:PreTrainedTokenizerFast",
)
"""Modules that scripts import, and members that a module imports when they are asked for. Not Polars and scikit-learn,
whose import starts threads: a forked process would lack them, and what they hold would stay locked there."""


def import_what_takes_longest() -> None:
    """Import all of `IMPORTED`; no thread is started, so this process can be forked."""
    for name in IMPORTED:
        module, _, member = name.partition(":")
        getattr(importlib.import_module(module), member or "__name__")
    assert "keepfaith" not in sys.modules
    assert len(list(Path("/proc/self/task").iterdir())) == 1


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
    if job == 0:
        connection.close()
        _become(asked, streams)
        if asked["module"]:
            end_after(runpy.run_module, asked["module"], None, "__main__", True)
        end_after(runpy.run_path, asked["script"], None, "__main__")
    ended = os.pidfd_open(job)
    ready, _, _ = select.select([connection, ended], [], [])
    if ended not in ready:  # the client is gone
        os.kill(job, signal.SIGTERM)
    status = os.waitstatus_to_exitcode(os.waitpid(job, 0)[1])
    if ended in ready:
        connection.sendall(str(status).encode())
    os._exit(0)


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
    sys.executable = sys.argv[2]  # a job that starts Python for a module has it from here, too
    sys.argv = [asked["module"] or asked["script"]]
    if asked["module"]:
        sys.path[:1] = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    else:
        sys.path[0] = str(Path(asked["script"]).parent)


if __name__ == "__main__":
    import_what_takes_longest()
    gc.freeze()
    main(int(sys.argv[1]))
