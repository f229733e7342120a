"""A copy of the workflow in a temporary folder, run as a user runs it: through its command line."""

import atexit
import functools
import os
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from forked import Forks

REPOSITORY = Path(__file__).resolve().parents[1]
PROGRAM = Path(__file__).with_name("snakemake_program.py")
SNAKEMAKE = Forks(PROGRAM)
OF_HUB = ("HF_", "HUGGING")
JOB_SERVER = Path(__file__).with_name("job_server.py")
BEING_WRITTEN = shutil.ignore_patterns("*.pyc.*", ".writing-*")
PARTS = ("Snakefile", "rules", "scripts", "config", "profiles", "envs")

# The smallest study in which every rule has work to do.
MINI = """
name: mini
models: [builtin]
orders: [cosine]
text: builtin
tasks: [sentiment]
methods: [kernelshap, input_x_gradient]
levels: {maximum: 2}
examples: {evaluation: 60, explanation: 4, tuning: 20, seed: 0}
faithfulness: {segments: 3, protocol: study}
statistics: {repetitions: 200}
calibration: {null_repetitions: 200}
stability: {seeds: 3, samples: [4]}
seeds: [0, 1]
efficiency: {contexts: [16], new_tokens: 2, repeats: 1}
scoring: {device: cpu}
report: {figure_formats: []}
"""


@dataclass(frozen=True)
class Workflow:
    """A folder with the workflow in it."""

    folder: Path

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "snakemake", "--cores", "2", *arguments]

    def run(
        self,
        *arguments: str,
        timeout: float = 1200,
        anew: bool = False,
        variables: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run `snakemake` with `arguments`; output and errors together in `stdout`.

        Args:
            arguments: words of the command line.
            timeout: seconds after which it is ended.
            anew: every job starts a Python of its own, as with a user. Otherwise it is forked from one that has
                imported torch, transformers and Matplotlib, which is most of the time of a small job.
            variables: its environment; by default that of this process, without a surrounding workflow.
        """
        command = self.command(*arguments)
        words = command[command.index("snakemake") + 1 :]
        given = dict(environment() if variables is None else variables)
        if not anew:
            given["JOB_SERVER"] = job_server_for(given)
        ended = SNAKEMAKE.run(words, self.folder, given, timeout, joined=True)
        return subprocess.CompletedProcess(command, ended.status, ended.output)


def environment() -> dict[str, str]:
    """The environment without what a surrounding workflow or SLURM job may have set."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("SNAKEMAKE", "SLURM"))}


def of_hub(variables: Mapping[str, str]) -> dict[str, str]:
    """Those that libraries of Hugging Face read when they are imported; a token is read when it is needed."""
    return {
        name: value
        for name, value in variables.items()
        if name.startswith(OF_HUB) and name != "HF_TOKEN"
    }


def environment_without_hub() -> dict[str, str]:
    """`environment` without what a developer has set for the hub."""
    return {k: v for k, v in environment().items() if not k.startswith(OF_HUB)}


def job_server_for(variables: Mapping[str, str]) -> str:
    """Address of the process that jobs with these environment variables are forked from."""
    return _job_server(frozenset(of_hub(variables).items()))


def forking_python(variables: Mapping[str, str]) -> str:
    """A program to start in place of Python with these environment variables: `job_server_for` them forks it."""
    return str(Path(job_server_for(variables)).with_name("python"))


@functools.cache
def _job_server(hub: frozenset[tuple[str, str]]) -> str:
    """Started once for these values of variables `of_hub`, and ended with this process."""
    folder = tempfile.mkdtemp(prefix="jobs-")
    atexit.register(shutil.rmtree, folder)
    address = f"{folder}/socket"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen(64)  # who asks before it has imported everything waits
        server = subprocess.Popen(
            [sys.executable, str(JOB_SERVER), str(listener.fileno()), _write_python(address)],
            # Linear algebra of numpy would start its threads when it is imported; scripts on the CPU have one.
            env={
                **environment_without_hub(),
                **dict(hub),
                "OMP_NUM_THREADS": "1",
                "OPENBLAS_NUM_THREADS": "1",
            },
            stdin=subprocess.PIPE,
            pass_fds=[listener.fileno()],
        )
    atexit.register(server.communicate)
    return address


def _write_python(address: str) -> str:
    """A program beside `address` that is started as Python is: asks the server there for a fork."""
    program = Path(address).with_name("python")
    client = Path(__file__).with_name("job_client.py")
    words = shlex.join(["env", f"JOB_SERVER={address}", sys.executable, "-I", "-S", str(client)])
    program.write_text(f'#!/bin/sh\nexec {words} "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    return str(program)


def copy_workflow(folder: Path) -> Workflow:
    """Copy the workflow's files into `folder`, with the mini study as its configuration."""
    folder.mkdir(parents=True, exist_ok=True)
    for part in PARTS:
        source = REPOSITORY / part
        if source.is_dir():
            shutil.copytree(source, folder / part, ignore=BEING_WRITTEN)
        else:
            shutil.copy(source, folder / part)
    (folder / "mini.yaml").write_text(MINI, encoding="utf-8")
    return Workflow(folder)
