"""The examples in docstrings say what happens; only modules that hold one are imported."""

import doctest
import importlib
from pathlib import Path

import pytest

import keepfaith

PACKAGE = Path(keepfaith.__file__).parent


def examples() -> list[doctest.DocTest]:
    """Every docstring of the package with an example in it."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        if ">>> " not in path.read_text(encoding="utf-8"):
            continue
        name = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
        module = importlib.import_module(name.removesuffix(".__init__"))
        found += [test for test in doctest.DocTestFinder().find(module) if test.examples]
    return found


@pytest.mark.parametrize("example", examples(), ids=lambda example: example.name)
def test_example(example: doctest.DocTest) -> None:
    runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.ELLIPSIS)
    lines: list[str] = []
    assert runner.run(example, out=lines.append).failed == 0, "".join(lines)
