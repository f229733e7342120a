"""keepfaith outside its workflow: what pip installs, and the example of the library."""

import re
import subprocess
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml
from installed import build_wheel, install
from workflow_copy import REPOSITORY

EXAMPLE = REPOSITORY / "examples" / "library.py"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment that has keepfaith from the wheel alone."""
    return install(wheel, tmp_path_factory.mktemp("installed"))


def said(python: Path, *words: str | Path) -> list[str]:
    """Lines of a program that finds packages in its environment only (-I), from another folder."""
    done = subprocess.run([python, "-I", *words], capture_output=True, text=True, cwd="/")
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_an_installed_package_is_imported_from_anywhere(python: Path):
    (place,) = said(python, "-c", "import keepfaith; print(keepfaith.__file__)")
    assert Path(place).is_relative_to(python.parents[1])


def test_the_example_explains_the_answer_of_every_level(python: Path):
    lines = said(python, EXAMPLE)
    assert [line.split(":")[0] for line in lines] == [f"level {level}" for level in range(4)]
    assert lines[0].startswith("level 0: negative, because of ")
    assert "clumsy" in lines[0]


def test_a_wheel_holds_the_whole_package_and_nothing_else(wheel: Path):
    with zipfile.ZipFile(wheel) as opened:
        packed = {name for name in opened.namelist() if ".dist-info/" not in name}
    package = REPOSITORY / "scripts" / "keepfaith"
    files = (
        path for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    )
    assert packed == {str(path.relative_to(package.parent)) for path in files}


def test_package_citation_and_changes_name_one_version():
    version = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["version"]
    citation = yaml.safe_load((REPOSITORY / "CITATION.cff").read_text(encoding="utf-8"))
    changes = (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8")
    latest, date = re.findall(r"^## (\d+\.\d+\.\d+) \((.+)\)$", changes, re.MULTILINE)[0]
    assert (citation["version"], citation["date-released"]) == (latest, date)
    assert version == latest
