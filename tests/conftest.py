"""Copies of the workflow for tests: fresh ones, and one that has run to its end; and the order in which tests start."""

import compileall
import contextlib
import gc
import os
import shutil
import sys
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from filelock import FileLock
from slow_tests import slow_tests
from workflow_copy import REPOSITORY, Workflow, copy_workflow

from keepfaith.artifacts.code_digest import CodeDigestError, code_files

LONGEST_FIRST = ("slurm", "workflow", "hub", "benchmarks", "unit")
"""Folders of tests: a process that is done early takes short tests, instead of waiting for a long one."""

FIRST_OF_WORKFLOWS = Path(__file__).parent / "workflow" / "test_run.py"
"""Makes the mini study, which the others then find, while another process waits for SLURM."""

WORKER = os.environ.get("PYTEST_XDIST_WORKER")
"""The process of pytest-xdist that this is, or None where one process runs all tests."""

# Bytecode is kept even where the environment says otherwise: hundreds of processes would compile the same files.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

if WORKER:
    # Processes side by side share the cores; jobs of the workflow set their own numbers of threads.
    os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_sessionstart() -> None:
    """Copies of the workflow shall have the bytecode of its scripts, and what they refer to."""
    if not WORKER:
        scripts = REPOSITORY / "scripts"
        compileall.compile_dir(scripts, quiet=2)
        with contextlib.suppress(CodeDigestError):  # what is wrong with a file is said by its tests
            code_files([path.name for path in scripts.glob("*.py")], scripts)


def pytest_collection_finish() -> None:
    """What imports and collection have made stays to the end: no need to look for garbage in it again and again."""
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of whole workflows first; within a folder the order stays, but for one. Slow unit tests are marked."""
    folder = Path(__file__).parent
    items.sort(
        key=lambda item: (
            LONGEST_FIRST.index(item.path.relative_to(folder).parts[0]),
            item.path != FIRST_OF_WORKFLOWS,
        )
    )
    slow = slow_tests()
    for item in items:
        file = item.path.relative_to(folder).as_posix().removeprefix("unit/")
        function = f"{file}::{getattr(item, 'originalname', item.name)}"
        if slow & {file, function}:
            item.add_marker(pytest.mark.slow)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What a test logs may hold half a character, which cannot be sent from one process to another."""
    report = yield
    report.sections = [
        (title, text.encode("utf-8", "backslashreplace").decode())
        for title, text in report.sections
    ]
    return report


@pytest.fixture
def new_workflow(tmp_path: Path) -> Callable[[str], Workflow]:
    """Make a fresh copy under a given name."""
    return lambda name: copy_workflow(tmp_path / name)


@pytest.fixture(scope="session")
def run_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the mini study, run to its end by the first process that asks.

    Nobody changes it: `finished` is a copy.
    """
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if WORKER else base
    folder = shared / "finished"
    with FileLock(shared / "finished.lock"):
        if not folder.exists():
            workflow = copy_workflow(shared / "study")
            result = workflow.run("--configfile", "mini.yaml")
            assert result.returncode == 0, result.stdout[-4000:]
            workflow.folder.rename(folder)
    return folder


@pytest.fixture(scope="session")
def finished(run_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Workflow:
    """A copy of the finished study, with time stamps; tests that change files must put it back as it was."""
    copy = tmp_path_factory.mktemp("finished") / "study"
    return Workflow(Path(shutil.copytree(run_once, copy)))
