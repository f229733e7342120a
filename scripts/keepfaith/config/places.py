"""Paths that Snakemake or a shell would misread, and what to type instead.

Snakemake puts the interpreter's path into the command of every job without quotes, and reads braces in a path as
wildcards. `make` runs this file before it installs anything, with a Python without packages: standard library only.

    python scripts/keepfaith/config/places.py VENV
"""

import re
import sys
from pathlib import Path

_APART = re.compile(r"[^\w@%+=:,./~\[\]-]")
"""A character at which a shell splits an unquoted word; letters of any script do not match."""

ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


def interpreter_problem(path: str) -> str | None:
    """Why jobs cannot be started with the interpreter at `path`, with advice; None if they can.

    >>> interpreter_problem("/home/me/keep faith/.venv/bin/python")
    "the path of Python, /home/me/keep faith/.venv/bin/python, holds ' ', at which ..."
    """
    advice = "; make the environment elsewhere: make demo VENV=/a/path/without/it"
    if found := _APART.search(path):
        what = f"holds {found.group()!r}, at which the commands of pip and of Snakemake break"
        return f"the path of Python, {path}, {what}{advice}"
    # An unquoted [ ] is a pattern to the shell: harmless unless another path matches it.
    if others := [match for match in Path("/").glob(path.lstrip("/")) if str(match) != path]:
        what = f"is also a pattern, and a shell would run {others[0]} for it"
        return f"the path of Python, {path}, {what}{advice}"
    return None


def folder_problem(what: str, path: str | Path) -> str | None:
    """Why the workflow cannot run in or from a folder, with advice; None if it can."""
    if found := re.search(r"[{}]", str(path)):
        return (
            f"the path of the {what}, {path}, holds {found.group()!r}, which Snakemake takes for a wildcard; "
            "rename that folder or use another one"
        )
    return None


def input_problem(path: str | Path) -> str | None:
    """Why a file or folder that a configuration names cannot be read, with advice; None if it can."""
    if ADDRESS.match(str(path)):
        return f"{str(path)!r} is an address; fetch what it names and type the path of the copy"
    if found := re.search(r"[{}\n\r]", str(path)):
        return (
            f"{str(path)!r} holds {found.group()!r}, which Snakemake cannot have in a path; rename that folder or "
            "file, or make a link to it under another name"
        )
    return None


def unexpanded(path: str | Path) -> str:
    """Advice for a missing path that a shell would have expanded; empty for others."""
    found = re.search(r"(?:^|/)(~)|(\$)", str(path))
    if found is None:
        return ""
    return f" ({found.group(1) or found.group(2)} is not expanded; type the path in full)"


def _main(environment: str) -> int:
    """Print why an environment at `environment`, existing or planned, cannot be used."""
    here = Path.cwd()
    python = Path(environment).resolve() / "bin" / "python"
    problem = folder_problem("checkout", here) or interpreter_problem(str(python))
    if problem:
        print(f"keepfaith: {problem}", file=sys.stderr)
    return 1 if problem else 0


if __name__ == "__main__":
    sys.exit(_main(*sys.argv[1:]))
