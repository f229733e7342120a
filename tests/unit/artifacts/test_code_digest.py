"""The code digest changes with every file that a script imports, and with no other."""

import pytest

from keepfaith.artifacts.code_digest import code_digest

FILES = {
    "predict.py": "from keepfaith.scoring.predict import predict",
    "keepfaith/__init__.py": "",
    "keepfaith/scoring/__init__.py": "",
    "keepfaith/scoring/predict.py": "from keepfaith.scoring import batches\nimport numpy",
    "keepfaith/scoring/batches.py": "import keepfaith.artifacts.tables",
    "keepfaith/artifacts/tables.py": "LIMIT = 1",
    "keepfaith/figures/style.py": "COLOUR = 'blue'",
}


def digest(files: dict[str, str]) -> str:
    return code_digest(["predict.py"], files.get)


@pytest.mark.parametrize("path", [path for path in FILES if "figures" not in path])
def test_an_edit_of_an_imported_file_changes_it(path: str) -> None:
    assert digest({**FILES, path: FILES[path] + "\n# edited"}) != digest(FILES)


def test_an_edit_elsewhere_does_not() -> None:
    assert digest({**FILES, "keepfaith/figures/style.py": "COLOUR = 'red'"}) == digest(FILES)


def test_circular_imports_end() -> None:
    files = {**FILES, "keepfaith/artifacts/tables.py": "import keepfaith.scoring.predict"}
    assert len(digest(files)) == 64


def test_a_missing_root_is_an_error() -> None:
    with pytest.raises(FileNotFoundError, match=r"absent\.py"):
        code_digest(["absent.py"], FILES.get)
