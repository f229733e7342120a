"""Digest of the code that a script runs, so that an edit re-runs the jobs it affects and no others.

The dependencies of a file are read from its text:

- import statements, absolute and relative, with the packages on the way;
- a string that is a module's dotted name, such as that of a process started with `python -m`;
- `Registry("package", ...)` and `iter_modules(package.__path__)`: the package is loaded by name, so all its modules
  count, including those added later. Where a job loads some of them (its method, its criterion), the rule names those
  files as roots, and only the named files of this package count;
- `__file__`: the module reads data beside it (templates, a checkpoint), so all data files below its folder count.

Imports for type checkers only (`if TYPE_CHECKING:`) never run, and do not count.

A module that loads code in a way that cannot be followed is refused, as its edits would silently re-run nothing.
"""

import ast
import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
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


def code_digest(roots: Iterable[str], folder: Path) -> str:
    """SHA-256 over the names and contents of `code_files`.

    Args:
        roots: paths below `folder`: a script, and those modules of packages loaded by name that the job uses.
        folder: the folder of the scripts and of the package.

    Raises:
        FileNotFoundError: a root does not exist.
        CodeDigestError: a file cannot be followed.
    """
    digest = hashlib.sha256()
    for path in code_files(roots, folder):
        content = hashlib.sha256((Path(folder) / path).read_bytes()).hexdigest()
        digest.update(f"{path}\0{content}\0".encode())
    return digest.hexdigest()


def code_files(roots: Iterable[str], folder: Path) -> list[str]:
    """`roots` and every file below `folder` that they depend on, directly or not, sorted.

    Args, Raises: as `code_digest`.
    """
    folder, roots = Path(folder), tuple(roots)
    for root in roots:
        if not (folder / root).is_file():
            raise FileNotFoundError(root)
    existing = set(_files(folder)).union(roots)
    found: set[str] = set()
    waiting = list(roots)
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found.add(path)
        if path.endswith(".py"):
            waiting.extend(_dependencies(path, folder, roots, existing))
    return sorted(found)


def _dependencies(
    path: str, folder: Path, roots: tuple[str, ...], existing: set[str]
) -> Iterator[str]:
    """Those of the `existing` files that `path` refers to."""
    references = _references(path, (folder / path).read_bytes())
    yield from existing.intersection(references.candidates)
    for package in references.walked:
        below = _prefix(package)
        if not any(root.startswith(below) for root in roots):
            yield from (f for f in existing if f.startswith(below) and f.endswith(".py"))
    for package in references.data:
        below = _prefix(package)
        yield from (f for f in existing if f.startswith(below) and not f.endswith(".py"))


def _prefix(package: str) -> str:
    """Start of the paths of all files of `package`; the package of a script is the folder itself."""
    return package.replace(".", "/") + "/" if package else ""


def _files(folder: Path) -> Iterator[str]:
    """All files below `folder`, except hidden ones, caches, and files that an editor leaves beside a module."""
    for current, folders, names in os.walk(folder, followlinks=True):
        folders[:] = [f for f in folders if not f.startswith(".") and f != "__pycache__"]
        inside = Path(current).relative_to(folder).as_posix()
        for name in names:
            no_module = name.endswith(".py") and not name.removesuffix(".py").isidentifier()
            if not name.startswith(".") and not no_module:
                yield name if inside == "." else f"{inside}/{name}"


@dataclass
class _References:
    """References in the text of one file, as dotted names.

    Attributes:
        modules: modules, or names in them.
        walked: packages whose modules are loaded by name.
        data: packages whose data files are read.
        names: {imported name: its dotted name}.
    """

    modules: set[str] = field(default_factory=set)
    walked: set[str] = field(default_factory=set)
    data: set[str] = field(default_factory=set)
    names: dict[str, str] = field(default_factory=dict)

    @cached_property
    def candidates(self) -> frozenset[str]:
        """Possible files of the modules and of the packages on the way to them."""
        parts = [name.split(".") for name in self.modules]
        prefixes = {"/".join(of[:length]) for of in parts for length in range(1, len(of) + 1)}
        return frozenset(f"{prefix}{end}" for prefix in prefixes for end in ("/__init__.py", ".py"))


@cache
def _references(path: str, content: bytes) -> _References:
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        at = f", line {line}" if line else ""
        message = getattr(error, "msg", None) or error
        raise CodeDigestError(f"scripts/{path}{at}: no valid Python ({message})") from error
    package = ".".join(Path(path).parent.parts)
    found = _References()
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
    return found


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


def _follow_import(node: ast.AST, package: str, found: _References) -> None:
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


def _meaning(node: ast.AST, found: _References) -> str:
    """The dotted name for an expression such as `methods` or `keepfaith.orders`."""
    first, dot, rest = ast.unparse(node).partition(".")
    return found.names.get(first, first) + dot + rest


def _walked_package(call: ast.Call, path: str, package: str, found: _References) -> str:
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


def _refuse_unknown(call: ast.Call, path: str, found: _References) -> None:
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
