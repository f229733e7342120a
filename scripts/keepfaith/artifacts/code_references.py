"""What the text of a Python file refers to: modules that it imports or loads by name, and data that it reads.

- import statements, absolute and relative;
- a string that is a module's dotted name, such as that of a process started with `python -m`;
- `Registry("package", ...)` and `iter_modules(package.__path__)`: the package is loaded by name;
- `__file__`: the module reads data beside it.

Imports for type checkers only (`if TYPE_CHECKING:`) never run, and do not count.
"""

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path

_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")
_WALKS = ("iter_modules", "walk_packages")
_REGISTRY = "keepfaith/plugins/registry.py"
"""Loads modules that its caller names: where a `Registry` is made, its package is read from the call."""
_REFERRING = (ast.Import, ast.ImportFrom, ast.Constant, ast.Name, ast.Attribute, ast.Call)
_UNKNOWN_CALLS = (
    "__import__",
    "entry_points",
    "exec",
    "get_data",
    "run_module",
    "run_path",
    "spec_from_file_location",
)


class CodeDigestError(Exception):
    """A file is not Python, or loads code in a way that cannot be followed; the message is one line."""


@dataclass(frozen=True)
class References:
    """References in the text of one file, as dotted names.

    Attributes:
        modules: modules, or names in them.
        walked: packages whose modules are loaded by name.
        data: packages whose data files are read.
    """

    modules: Iterable[str]
    walked: Iterable[str]
    data: Iterable[str]

    @cached_property
    def candidates(self) -> frozenset[str]:
        """Possible files of the modules and of the packages on the way to them."""
        parts = [name.split(".") for name in self.modules]
        prefixes = {"/".join(of[:length]) for of in parts for length in range(1, len(of) + 1)}
        return frozenset(f"{prefix}{end}" for prefix in prefixes for end in ("/__init__.py", ".py"))

    def listed(self) -> dict[str, list[str]]:
        """The attributes as sorted lists."""
        return {each.name: sorted(getattr(self, each.name)) for each in fields(self)}


@dataclass
class _Found:
    """What is read of a file so far: as `References`, and {imported name: its dotted name}."""

    modules: set[str] = field(default_factory=set)
    walked: set[str] = field(default_factory=set)
    data: set[str] = field(default_factory=set)
    names: dict[str, str] = field(default_factory=dict)


def read_references(path: str, content: bytes) -> References:
    """References in `content`, the text of the file at `path` below the folder of the scripts.

    Raises:
        CodeDigestError: it is no Python, or loads code in a way that cannot be followed.
    """
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        at = f", line {line}" if line else ""
        message = getattr(error, "msg", None) or error
        raise CodeDigestError(f"scripts/{path}{at}: no valid Python ({message})") from error
    package = ".".join(Path(path).parent.parts)
    found = _Found()
    nodes = [node for node in _nodes_that_run(tree) if isinstance(node, _REFERRING)]
    for node in nodes:  # names first: a name may be used above its import
        _follow_import(node, package, found)
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.modules.update(_DOTTED.findall(node.value) if _names_module(node.value) else ())
        elif isinstance(node, ast.Name) and node.id == "__file__":
            found.data.add(package)
        elif isinstance(node, ast.Attribute) and node.attr == "__file__":
            found.data.add(_meaning(node.value, found))
        elif isinstance(node, ast.Call) and _called(node) == "Registry":
            found.walked.add(_registered_package(node, path))
        elif isinstance(node, ast.Call) and _called(node) in _WALKS and path != _REGISTRY:
            found.walked.add(_walked_package(node, path, package, found))
    for node in nodes:
        if isinstance(node, ast.Call) and path != _REGISTRY:
            _refuse_unknown(node, path, found)
    return References(found.modules, found.walked, found.data)


def _nodes_that_run(tree: ast.AST) -> list[ast.AST]:
    """All nodes, by depth, except those of blocks for type checkers; whether a name is read or set is left out."""
    found = [tree]
    for node in found:  # which grows
        if isinstance(node, ast.If) and _for_type_checkers(node.test):
            found.extend(node.orelse)
            continue
        for name in node._fields:
            child = getattr(node, name, None)
            if isinstance(child, list):
                found.extend(each for each in child if isinstance(each, ast.AST))
            elif isinstance(child, ast.AST) and not isinstance(child, ast.expr_context):
                found.append(child)
    return found


def _for_type_checkers(test: ast.expr) -> bool:
    """Whether a condition is `TYPE_CHECKING` or `typing.TYPE_CHECKING`."""
    name = test.attr if isinstance(test, ast.Attribute) else getattr(test, "id", "")
    return name == "TYPE_CHECKING"


def _names_module(text: str) -> bool:
    """Whether a string is a dotted name, alone or after `-m`."""
    return _DOTTED.fullmatch(text.strip().rpartition("-m ")[2].strip()) is not None


def _follow_import(node: ast.AST, package: str, found: _Found) -> None:
    if isinstance(node, ast.Import):
        for alias in node.names:
            found.modules.add(alias.name)
            first = alias.name.partition(".")[0]
            found.names[alias.asname or first] = alias.name if alias.asname else first
    elif isinstance(node, ast.ImportFrom):
        above = package.split(".")[: len(package.split(".")) - node.level + 1]
        parts = [*(above if node.level else ()), *([node.module] if node.module else ())]
        origin = ".".join(parts)
        found.modules.add(origin)
        for alias in node.names:
            found.modules.add(f"{origin}.{alias.name}")
            found.names[alias.asname or alias.name] = f"{origin}.{alias.name}"


def _called(call: ast.Call) -> str:
    """`f` of `f(...)` and of `package.f(...)`."""
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


def _meaning(node: ast.AST, found: _Found) -> str:
    """The dotted name for an expression such as `methods` or `keepfaith.orders`."""
    first, dot, rest = ast.unparse(node).partition(".")
    return found.names.get(first, first) + dot + rest


def _walked_package(call: ast.Call, path: str, package: str, found: _Found) -> str:
    argument = next(iter([*call.args, *(word.value for word in call.keywords)]), None)
    if isinstance(argument, ast.Name) and argument.id == "__path__":
        return package
    if isinstance(argument, ast.Attribute) and argument.attr == "__path__":
        return _meaning(argument.value, found)
    raise _refusal(call, path, "write iter_modules(PACKAGE.__path__)")


def _registered_package(call: ast.Call, path: str) -> str:
    """The package of `Registry("package", ...)`."""
    named = [word.value for word in call.keywords if word.arg == "package"]
    argument = next(iter([*call.args, *named]), None)
    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
        return argument.value
    raise _refusal(call, path, 'write Registry("keepfaith.PACKAGE", ...)')


def _refuse_unknown(call: ast.Call, path: str, found: _Found) -> None:
    name = _called(call)
    if name == "import_module":
        argument = call.args[0] if call.args else None
        if isinstance(argument, ast.Constant) and not str(argument.value).startswith("."):
            found.modules.add(str(argument.value))
        elif not found.walked:
            advice = "list the package in the same file with iter_modules(PACKAGE.__path__)"
            raise _refusal(call, path, advice)
    elif name in _UNKNOWN_CALLS and not (name == "exec" and isinstance(call.func, ast.Attribute)):
        raise _refusal(
            call, path, "use an import statement, iter_modules with import_module, or __file__"
        )


def _refusal(call: ast.Call, path: str, advice: str) -> CodeDigestError:
    return CodeDigestError(
        f"scripts/{path}, line {call.lineno}: an edit of what {_called(call)} loads here would not be noticed; {advice}"
    )
