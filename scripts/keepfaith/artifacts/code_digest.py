"""Digest of the code that a script runs, so that an edit re-runs the jobs it affects and no others.

The dependencies of a file are read from its text (`code_references`):

- modules that it imports, or names in a string, with the packages on the way;
- all modules of a package that it loads by name, including those added later. Where a job loads some of them (its
  method, its criterion), the rule names those files as roots, and only the named files of this package count;
- all data files below the folder of a module that asks where it is (templates, a checkpoint).

A module that loads code in a way that cannot be followed is refused, as its edits would silently re-run nothing.
"""

import contextlib
import hashlib
import json
import os
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from keepfaith.artifacts import code_references
from keepfaith.artifacts.atomic import write_text
from keepfaith.artifacts.code_references import CodeDigestError, References, read_references

__all__ = ["CodeDigestError", "code_digest", "code_files"]


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
    _known(folder).keep()
    return sorted(found)


def _dependencies(
    path: str, folder: Path, roots: tuple[str, ...], existing: set[str]
) -> Iterator[str]:
    """Those of the `existing` files that `path` refers to."""
    found = _known(folder).of(path)
    yield from existing.intersection(found.candidates)
    for package in found.walked:
        below = _prefix(package)
        if not any(root.startswith(below) for root in roots):
            yield from (f for f in existing if f.startswith(below) and f.endswith(".py"))
    for package in found.data:
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


class _Known:
    """References of files below `folder`, with the digests of their contents: to read all takes .4 s, at every start.

    They are kept in `__pycache__`, like bytecode, and not where Python is told to keep none.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = folder / "__pycache__" / "code_references.json"
        reader = Path(code_references.__file__).read_bytes()
        self._made_by = hashlib.sha256(f"{sys.version}\0".encode() + reader).hexdigest()
        self._found = self._kept()
        self._new = False

    def of(self, path: str) -> References:
        """References of the file at `path` as it is now."""
        content = (self._folder / path).read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        known, found = self._found.get(path, ("", None))
        if found is None or known != digest:
            found = read_references(path, content)
            self._found[path] = digest, found
            self._new = True
        return found

    def keep(self) -> None:
        """Write what is new for the next run, where this can be written."""
        if not self._new or sys.dont_write_bytecode:
            return
        files = {path: [digest, found.listed()] for path, (digest, found) in self._found.items()}
        with contextlib.suppress(OSError):
            write_text(self._file, json.dumps({"made_by": self._made_by, "files": files}))
        self._new = False

    def _kept(self) -> dict[str, tuple[str, References]]:
        """What an earlier run has kept; nothing where it read files in another way."""
        with contextlib.suppress(OSError, ValueError, LookupError, TypeError, AttributeError):
            kept = json.loads(self._file.read_text("utf-8"))
            if kept["made_by"] == self._made_by:
                files = kept["files"].items()
                return {path: (digest, References(**listed)) for path, (digest, listed) in files}
        return {}


@cache
def _known(folder: Path) -> _Known:
    return _Known(folder)
