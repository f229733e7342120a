"""Plug-ins are found by name, and what is no plug-in is named with the file to mend."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from keepfaith.plugins.registry import Registry

FILES = {
    "__init__.py": "",
    "round.py": "SHAPE = 1",
    "square.py": "SHAPE = 4",
    "unnamed.py": "",
    "_shared.py": "raise RuntimeError",
    "notes.txt": "",
}


@pytest.fixture
def shapes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry[int]]:
    """A package of its own, forgotten afterwards."""
    for name, text in FILES.items():
        (tmp_path / "shapes").mkdir(exist_ok=True)
        (tmp_path / "shapes" / name).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    yield Registry("shapes", "SHAPE", int, "shape")
    for name in [name for name in sys.modules if name.partition(".")[0] == "shapes"]:
        del sys.modules[name]


def test_names_are_listed_without_importing_a_plugin(shapes: Registry[int]):
    assert shapes.names() == ("round", "square", "unnamed")
    assert not [name for name in sys.modules if name.startswith("shapes.")]


def test_a_new_file_is_a_new_plugin(shapes: Registry[int], tmp_path: Path):
    assert "oval" not in shapes.names()
    (tmp_path / "shapes" / "oval.py").write_text("SHAPE = 2")
    assert shapes.load("oval") == 2


def test_a_plugin_is_its_declaration(shapes: Registry[int]):
    assert shapes.load("square") == 4


def test_an_unknown_name_is_answered_with_the_nearest_and_all(shapes: Registry[int]):
    with pytest.raises(ValueError) as error:
        shapes.load("squares")
    assert str(error.value) == (
        "no shape 'squares', did you mean 'square'? There are round, square, unnamed"
    )


def test_a_module_without_declaration_is_named_with_what_to_write(shapes: Registry[int]):
    with pytest.raises(TypeError, match=r"shapes/unnamed\.py must define SHAPE, a int"):
        shapes.load("unnamed")
    with pytest.raises(TypeError, match=r"shapes/unnamed\.py"):
        shapes.all()


def test_files_are_those_of_the_named_plugins_or_of_all(shapes: Registry[int]):
    assert shapes.files("round") == ["shapes/round.py"]
    assert shapes.files() == ["shapes/round.py", "shapes/square.py", "shapes/unnamed.py"]
