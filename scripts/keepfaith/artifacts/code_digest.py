"""A digest of the code that a script runs, so that an edit re-runs the jobs it touches and no others."""

import ast
import hashlib
from collections.abc import Callable, Iterable

PACKAGE = "keepfaith"

ReadSource = Callable[[str], str | None]
"""Text of a file below scripts/ given by its relative path, or None where there is no such file."""


def code_digest(roots: Iterable[str], read: ReadSource) -> str:
    """SHA-256 over `roots` and every file of the package that they import, directly or not.

    Args:
        roots: paths below scripts/: a script, and what it loads by name (a method, a criterion, a template).
        read: gives a file's text.

    Raises:
        FileNotFoundError: a root does not exist.
    """
    sources: dict[str, str] = {}
    waiting = list(roots)
    for root in waiting:
        if read(root) is None:
            raise FileNotFoundError(root)
    while waiting:
        path = waiting.pop()
        if path in sources:
            continue
        text = read(path)
        if text is None:
            continue
        sources[path] = text
        if path.endswith(".py"):
            waiting.extend(_imported_files(text))
    digest = hashlib.sha256()
    for path in sorted(sources):
        digest.update(f"{path}\0{sources[path]}\0".encode())
    return digest.hexdigest()


def _imported_files(text: str) -> Iterable[str]:
    """Candidate files of every import of the package in `text`; packages on the way are included."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            parts = name.split(".")
            if parts[0] != PACKAGE:
                continue
            for length in range(1, len(parts) + 1):
                folder = "/".join(parts[:length])
                yield f"{folder}/__init__.py"
                yield f"{folder}.py"
