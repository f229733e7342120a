"""A run that is killed or interrupted, or whose disk is full, goes on with the same command, to the same bytes."""

import contextlib
import os
import random
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from workflow_copy import Workflow, copy_workflow, environment

COMPARED = {".parquet", ".csv", ".svg", ".pdf", ".png", ".html"}
TIMED = {"efficiency", "price"}
"""Results that hold measured times, the only ones that differ from run to run."""


def results_of(workflow: Workflow) -> dict[Path, bytes]:
    """Content of every result by its path; logs and Snakemake's own notes, which hold times, lie elsewhere."""
    folder = workflow.folder / "results"
    files = sorted(path for path in folder.rglob("*") if path.suffix in COMPARED)
    return {path.relative_to(folder): content_of(path) for path in files if path.stem not in TIMED}


def content_of(path: Path) -> bytes:
    """A page counts without its figures, which are compared as files, and without the speed and what it says of it."""
    content = path.read_bytes()
    if path.suffix != ".html":
        return content
    return re.sub(
        rb"<svg.*?</svg>|decodes [\d.]+ times as fast \([^)]*\)", b"", content, flags=re.DOTALL
    )


@dataclass(frozen=True)
class Ended:
    """The mini study, ended before its end time and again, and then run to its end."""

    workflow: Workflow
    full: str | None
    """What its first run said, on a disk too small for it; None where no such disk could be made."""
    killed: list[float]
    """Seconds after which Snakemake, and it alone, was killed without warning."""
    down: dict[str, float]
    """Seconds from an interrupt of Snakemake alone to the end of the last process of its run, by the moment."""


CELL = "results/builtin/cosine/sentiment"
PLANNING = "Building DAG of jobs"
MOMENTS = {
    PLANNING: f"{CELL}/metrics.parquet",
    "attribute": f"{CELL}/attributions/kernelshap-seed0.parquet",
    "compute_metrics": f"{CELL}/metrics.parquet",
    "draw_figures": "results/figures/builtin/cosine/sentiment/accuracy.svg",
}
"""What a run is doing when it is interrupted (making its plan, or a job of this rule), and what it was to make."""


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ended]:
    workflow = copy_workflow(tmp_path_factory.mktemp("ended") / "study")
    with small_disk(workflow) as small:
        full = run_on_full_disk(workflow) if small else None
        moments = [random.uniform(2, 14) for _ in range(3)]
        # The second run starts while jobs of the first still write.
        orphaned = [kill_after(workflow, seconds) for seconds in moments[:2]]
        for main in orphaned:
            wait_for_end(main, 120)
        down = {moment: interrupt(workflow, moment) for moment in MOMENTS}
        # A quick machine has finished the study by now; a report that is there would need none of what was taken away.
        (workflow.folder / "results/report/index.html").unlink(missing_ok=True)
        # A job whose Snakemake was killed ends within seconds, and only then is its output taken away.
        wait_for_end(kill_after(workflow, moments[2]), 120)
        # Like the runs before, with a Python of its own for every job: `finished`, whose jobs are forked, is the same.
        result = workflow.run("--configfile", "mini.yaml", anew=True)
        assert result.returncode == 0, f"killed after {moments}\n{result.stdout[-3000:]}"
        yield Ended(workflow, full, moments, down)


@contextlib.contextmanager
def small_disk(workflow: Workflow) -> Iterator[bool]:
    """Results lie on a disk of 200 kB; False where none can be mounted."""
    results = workflow.folder / "results"
    results.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(results)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode:
        yield False
        return
    try:
        yield True
    finally:
        subprocess.run(["umount", "-l", str(results)], check=True)


def run_on_full_disk(workflow: Workflow) -> str:
    """What a run says until the disk is full, which is then made larger."""
    result = workflow.run("--configfile", "mini.yaml")
    assert result.returncode != 0, result.stdout[-2000:]
    results = workflow.folder / "results"
    assert not list(results.rglob(".writing-*"))
    subprocess.run(["mount", "-o", "remount,size=100m", str(results)], check=True)
    return result.stdout


def kill_after(workflow: Workflow, seconds: float) -> subprocess.Popen[bytes]:
    """Start the study and kill Snakemake, and it alone, without warning."""
    main = started(workflow)
    time.sleep(seconds)
    os.kill(main.pid, signal.SIGKILL)
    main.wait()
    return main


def interrupt(workflow: Workflow, moment: str) -> float:
    """Interrupt Snakemake, and it alone, at this moment; seconds until all processes of the run have ended."""
    target = workflow.folder / MOMENTS[moment]
    target.unlink(missing_ok=True)
    main = started(workflow, "--", MOMENTS[moment])
    wait_for(moment, main, workflow)
    os.kill(main.pid, signal.SIGINT)
    asked = time.monotonic()
    wait_for_end(main, 60)
    seconds = time.monotonic() - asked
    assert main.wait() != 0
    assert not target.exists()
    return seconds


def started(workflow: Workflow, *words: str) -> subprocess.Popen[bytes]:
    """Snakemake on the mini study, in a session of its own: its processes can be told from all others.

    Interrupts are ignored at first, as a shell has it where a script says `snakemake &`.
    """
    with (workflow.folder / "output.txt").open("wb") as output:
        return subprocess.Popen(
            workflow.command("--configfile", "mini.yaml", *words),
            cwd=workflow.folder,
            env=environment(),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
        )


def said(workflow: Workflow) -> str:
    return (workflow.folder / "output.txt").read_text(encoding="utf-8", errors="replace")


def wait_for(moment: str, main: subprocess.Popen[bytes], workflow: Workflow) -> None:
    deadline = time.monotonic() + 300
    while not (PLANNING in said(workflow) if moment == PLANNING else jobs(main, moment)):
        assert time.monotonic() < deadline and main.poll() is None, said(workflow)[-3000:]
        time.sleep(0.02)


def wait_for_end(main: subprocess.Popen[bytes], seconds: float) -> None:
    """Until no process of the session of `main` is left, whoever its parent is now."""
    deadline = time.monotonic() + seconds
    while left := session(main):
        assert time.monotonic() < deadline, left
        main.poll()
        time.sleep(0.02)


def session(main: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """The processes that `main` has started, directly or not, and itself."""

    def belongs(process: psutil.Process) -> bool:
        try:
            return os.getsid(process.pid) == main.pid and process.status() != psutil.STATUS_ZOMBIE
        except (psutil.Error, ProcessLookupError):
            return False

    return [process for process in psutil.process_iter() if belongs(process)]


def jobs(main: subprocess.Popen[bytes], rule: str) -> list[psutil.Process]:
    """The processes that run a rule's script."""

    def runs(process: psutil.Process) -> bool:
        try:
            return any(word.endswith(f".{rule}.py") for word in process.cmdline())
        except psutil.Error:
            return False

    return [process for process in session(main) if runs(process)]


def test_full_disks_kills_and_interrupts_lose_nothing(ended: Ended, finished: Workflow) -> None:
    expected = results_of(finished)
    found = results_of(ended.workflow)
    assert found.keys() == expected.keys()
    different = [str(path) for path in expected if found[path] != expected[path]]
    assert not different, f"killed after {ended.killed}"


def test_a_full_disk_is_one_line(ended: Ended) -> None:
    if ended.full is None:
        pytest.skip("mounting a small disk needs the rights of root")
    assert "Traceback" not in ended.full, ended.full[-3000:]
    lines = [line for line in ended.full.splitlines() if line.startswith("keepfaith:")]
    assert any("No space left on device" in line and "free some space" in line for line in lines)


def test_an_interrupt_ends_all_processes_of_a_run_within_seconds(ended: Ended) -> None:
    for moment, seconds in ended.down.items():
        print(f"{moment}: all processes down {seconds:.1f} s after the interrupt")
    assert max(ended.down.values()) < 15, ended.down  # 1 to 3 on a busy machine


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_snakemake_alone_ends_its_jobs(ended: Ended, number: signal.Signals) -> None:
    workflow, target = ended.workflow, MOMENTS["attribute"]
    expected = (workflow.folder / target).read_bytes()
    (workflow.folder / target).unlink()
    main = started(workflow, "--", target)
    wait_for("attribute", main, workflow)
    running = jobs(main, "attribute")
    # Halted, it would never end by itself: as long as any job can be.
    for job in running:
        job.suspend()
    os.kill(main.pid, number)
    asked = time.monotonic()
    assert main.wait(timeout=60) != 0
    _, alive = psutil.wait_procs(running, timeout=10)
    assert not alive
    assert time.monotonic() - asked < 30  # about 4 on an idle machine
    assert not (workflow.folder / target).exists()
    result = workflow.run("--configfile", "mini.yaml", "--", target)
    assert result.returncode == 0, result.stdout[-3000:]
    assert (workflow.folder / target).read_bytes() == expected
