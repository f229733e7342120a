"""keepfaith as pip installs it: a wheel, and an environment of its own that has it."""

import subprocess
import sys
import sysconfig
from pathlib import Path

from workflow_copy import REPOSITORY, copy_workflow


def build_wheel(folder: Path) -> Path:
    """The wheel of a copy of this repository, made in `folder`."""
    source = copy_workflow(folder / "copy").folder
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        (source / name).write_bytes((REPOSITORY / name).read_bytes())
    _pip("wheel", "--no-deps", "--no-build-isolation", "-w", folder, source)
    (wheel,) = folder.glob("keepfaith-*.whl")
    return wheel


def install(wheel: Path, folder: Path) -> Path:
    """The interpreter of a new environment in `folder` that has the wheel, and this one's packages beside it."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    (site,) = folder.glob("lib/*/site-packages")
    (site / "shared.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    python = folder / "bin" / "python"
    _pip("--python", python, "install", "--no-deps", "--no-index", wheel)
    return python


def _pip(*words: object) -> None:
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *words]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
