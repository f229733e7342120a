"""Copies of the workflow for tests: fresh ones, and one that has run to its end."""

from collections.abc import Callable
from pathlib import Path

import pytest
from workflow_copy import Workflow, copy_workflow


@pytest.fixture
def new_workflow(tmp_path: Path) -> Callable[[str], Workflow]:
    """Make a fresh copy under a given name."""
    return lambda name: copy_workflow(tmp_path / name)


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Workflow:
    """The mini study, run to its end once; tests that change files must put it back as it was."""
    workflow = copy_workflow(tmp_path_factory.mktemp("finished") / "study")
    result = workflow.run("--configfile", "mini.yaml")
    assert result.returncode == 0, result.stdout[-4000:]
    return workflow
