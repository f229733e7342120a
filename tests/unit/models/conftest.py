"""Fixtures: a complete model folder, and copies of it to damage."""

from pathlib import Path

import pytest
from model_folders import copied, whole_folder


@pytest.fixture(scope="session")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return whole_folder(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture
def folder(saved: Path, tmp_path: Path) -> Path:
    """A copy to damage."""
    return copied(saved, tmp_path / "copy")
