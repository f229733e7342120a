"""A run that is killed at a random moment goes on with the same command, to the same bytes."""

import os
import random
import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from workflow_copy import Workflow, environment

COMPARED = {".parquet", ".csv", ".svg", ".pdf", ".png", ".html"}
TIMED = {"efficiency", "price"}
"""Results that hold measured times, the only ones that differ from run to run."""


def results_of(workflow: Workflow) -> dict[Path, bytes]:
    """Content of every result by its path; logs and Snakemake's own notes, which hold times, lie elsewhere."""
    folder = workflow.folder / "results"
    files = sorted(path for path in folder.rglob("*") if path.suffix in COMPARED)
    return {path.relative_to(folder): content_of(path) for path in files if path.stem not in TIMED}


def content_of(path: Path) -> bytes:
    """A page counts without its figures, which are compared as files."""
    content = path.read_bytes()
    if path.suffix != ".html":
        return content
    return re.sub(rb"<svg.*?</svg>", b"", content, flags=re.DOTALL)


def kill_after(workflow: Workflow, seconds: float) -> None:
    """Start the study and kill Snakemake, and it alone, without warning."""
    process = subprocess.Popen(
        workflow.command("--configfile", "mini.yaml"),
        cwd=workflow.folder,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    time.sleep(seconds)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()


def test_a_killed_run_ends_with_the_same_bytes(
    finished: Workflow, new_workflow: Callable[[str], Workflow]
) -> None:
    workflow = new_workflow("killed")
    moments = [random.uniform(3, 20) for _ in range(3)]
    for seconds in moments:
        kill_after(workflow, seconds)
    result = workflow.run("--configfile", "mini.yaml")
    assert result.returncode == 0, f"killed after {moments}\n{result.stdout[-3000:]}"
    expected = results_of(finished)
    found = results_of(workflow)
    assert found.keys() == expected.keys()
    different = [str(path) for path in expected if found[path] != expected[path]]
    assert not different, f"killed after {moments}"
