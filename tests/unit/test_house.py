"""The layout of the package: which package may import which, as the page on its architecture says, and unique names."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from slow_tests import slow_tests
from workflow_copy import REPOSITORY

import keepfaith

PACKAGE = Path(keepfaith.__file__).parent
PAGE = REPOSITORY / "docs" / "architecture.md"
TABLE = "in the order in which data meets them"
SHARED = "everyone may use it"

DECLARATIONS = {
    "METHOD",
    "OPERATOR",
    "CRITERION",
    "METRIC",
    "QUANTITY",
    "FIGURE",
    "FORMAT",
}
"""Constants in which plug-ins declare themselves: every plug-in of a kind has one of the same name."""


def packages() -> tuple[list[str], set[str]]:
    """The packages of the table in its order, and those that every package may import."""
    table = PAGE.read_text().split(TABLE, 1)[1].strip().removeprefix(":").strip().split("\n\n")[0]
    ordered: list[str] = []
    shared: set[str] = set()
    for row in table.splitlines()[2:]:
        first, *rest = row.strip("|").split("|")
        names = re.findall(r"`(\w+)/`", first)
        if rest[-1].strip() == SHARED:
            shared.update(names)
        else:
            ordered += names
    return ordered, shared


def modules() -> Iterator[tuple[str, ast.Module]]:
    """Every module of the package: its path below the package, and its tree."""
    for path in sorted(PACKAGE.rglob("*.py")):
        yield path.relative_to(PACKAGE).as_posix(), ast.parse(path.read_text())


def imported(node: ast.AST) -> Iterator[tuple[str, int]]:
    """Packages of keepfaith that are imported at run time below `node`, in functions too, each with its line."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
            for other in child.orelse:
                yield from imported(other)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, "imports are absolute"
            full = [child.module or ""]
            if child.module == "keepfaith":
                full = [f"keepfaith.{alias.name}" for alias in child.names]
            yield from ((name.split(".")[1], child.lineno) for name in full if "keepfaith." in name)
        elif isinstance(child, ast.Import):
            names = [alias.name for alias in child.names if alias.name.startswith("keepfaith.")]
            yield from ((name.split(".")[1], child.lineno) for name in names)
        else:
            yield from imported(child)


def definitions(statements: list[ast.stmt]) -> Iterator[str]:
    """Names that statements at the top of a module define."""
    for node in statements:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                yield from (part.id for part in ast.walk(target) if isinstance(part, ast.Name))
        elif isinstance(node, ast.If | ast.Try):
            yield from definitions([*node.body, *node.orelse])


def test_the_page_lists_every_package_once():
    ordered, shared = packages()
    listed = [*ordered, *shared]
    assert sorted(listed) == sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py"))
    assert shared == {"artifacts", "plugins"}


def test_a_package_imports_only_packages_above_it():
    ordered, shared = packages()
    wrong = []
    for path, tree in modules():
        own, *inner = path.split("/")
        if not inner:
            continue
        above = shared if own in shared else {*shared, *ordered[: ordered.index(own) + 1]}
        wrong += [
            f"{path}:{line} imports {name}" for name, line in imported(tree) if name not in above
        ]
    assert wrong == []


def test_no_two_public_names_are_the_same():
    places = defaultdict(list)
    for path, tree in modules():
        for name in set(definitions(tree.body)) - DECLARATIONS - {"logger"}:
            if not name.startswith("_"):
                places[name].append(path)
    assert {name: paths for name, paths in places.items() if len(paths) > 1} == {}


def test_every_slow_test_is_there():
    unit = REPOSITORY / "tests" / "unit"
    names = slow_tests()
    assert names
    for name in names:
        file, _, function = name.partition("::")
        text = (unit / file).read_text(encoding="utf-8")
        assert not function or f"def {function}(" in text, name
