"""keepfaith outside its workflow: what pip installs, and the example of the library."""

import subprocess
import sys
import zipfile
from pathlib import Path

from workflow_copy import REPOSITORY, copy_workflow, environment

import keepfaith

EXAMPLE = REPOSITORY / "examples" / "library.py"


def test_the_example_explains_the_answer_of_every_level():
    path = {"PYTHONPATH": str(Path(keepfaith.__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, EXAMPLE], capture_output=True, text=True, check=True, cwd="/", env={**environment(), **path}
    )  # fmt: skip
    lines = done.stdout.splitlines()
    assert [line.split(":")[0] for line in lines] == [f"level {level}" for level in range(4)]
    assert lines[0].startswith("level 0: negative, because of ")
    assert "clumsy" in lines[0]


def test_a_wheel_holds_the_whole_package_and_nothing_else(tmp_path: Path):
    folder = copy_workflow(tmp_path / "copy").folder
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        (folder / name).write_bytes((REPOSITORY / name).read_bytes())
    command = [
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        tmp_path,
        ".",
    ]
    subprocess.run([sys.executable, *command], cwd=folder, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("keepfaith-*.whl")
    with zipfile.ZipFile(wheel) as opened:
        packed = {name for name in opened.namelist() if ".dist-info/" not in name}
    package = REPOSITORY / "scripts" / "keepfaith"
    files = (
        path for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    )
    assert packed == {str(path.relative_to(package.parent)) for path in files}
