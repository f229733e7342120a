"""A run that is killed or interrupted goes on with the same command, to the same bytes."""

import os
import random
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
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


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_snakemake_alone_ends_its_jobs(
    finished: Workflow, tmp_path: Path, number: signal.Signals
) -> None:
    workflow = Workflow(Path(shutil.copytree(finished.folder, tmp_path / "interrupted")))
    target = "results/builtin/cosine/sentiment/attributions/kernelshap-seed0.parquet"
    expected = (workflow.folder / target).read_bytes()
    (workflow.folder / target).unlink()
    words = ["--configfile", "mini.yaml", "--", target]
    main = subprocess.Popen(
        workflow.command(*words),
        cwd=workflow.folder,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 300
    while not (jobs := scripts_of(main.pid)):
        assert time.monotonic() < deadline and main.poll() is None
        time.sleep(0.02)
    # Halted, it would never end by itself: as long as any job can be.
    for job in jobs:
        job.suspend()
    os.kill(main.pid, number)
    asked = time.monotonic()
    assert main.wait(timeout=60) != 0
    _, alive = psutil.wait_procs(jobs, timeout=10)
    assert not alive
    assert time.monotonic() - asked < 30  # about 4 on an idle machine
    assert not (workflow.folder / target).exists()
    result = workflow.run(*words)
    assert result.returncode == 0, result.stdout[-3000:]
    assert (workflow.folder / target).read_bytes() == expected


def scripts_of(main: int) -> list[psutil.Process]:
    """The jobs that run a script below a process."""
    try:
        children = psutil.Process(main).children(recursive=True)
        return [child for child in children if any("attribute.py" in w for w in child.cmdline())]
    except psutil.Error:
        return []
