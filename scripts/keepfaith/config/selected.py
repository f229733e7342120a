"""What a study selects: definitions of the catalogs, plug-ins by name, and paths below its folders."""

from collections.abc import Sequence
from pathlib import Path

from keepfaith.config.catalog import distinct_folders, entry_path
from keepfaith.config.errors import ConfigError, nearest
from keepfaith.config.places import input_problem
from keepfaith.config.settings import below

LOCATION = "config"
"""Location of the study's keys in messages: several files and --config form one study."""


def kind_folders(catalogs: Sequence[Path], kind: str) -> list[Path]:
    """The folders of one kind of definition, of every catalog once."""
    return [catalog / kind for catalog in distinct_folders(catalogs)]


def definition_file(catalogs: Sequence[Path], kind: str, name: str) -> Path:
    """The file of a definition, in the first catalog that has it.

    Raises:
        ConfigError: none has.
    """
    return entry_path(kind_folders(catalogs, kind), name, f"{LOCATION}: {kind}")


def require_known(location: str, kind: str, name: str, known: tuple[str, ...]) -> None:
    """Refuse a name that no plug-in of the kind has.

    Raises:
        ConfigError: with the nearest of the known names.
    """
    if name not in known:
        raise ConfigError(location, f"unknown {kind} {name!r}{nearest(name, known)}")


def path_below(folder: str | None, kind: str, path: str, user: str) -> str:
    """The path that `user` reads, below the study's folder of that kind.

    Raises:
        ConfigError: that folder is not set, or one of the two paths cannot be read.
    """
    if problem := input_problem(path):
        raise ConfigError(user, problem)
    found = below(folder, path)
    if found is None:
        raise ConfigError(
            f"{LOCATION}: folders.{kind}",
            f"not set, but {user} reads {path!r} below it; add --config 'folders={{{kind}: FOLDER}}'",
        )
    if problem := input_problem(folder or "") or input_problem(found):
        raise ConfigError(f"{LOCATION}: folders.{kind}", problem)
    return found
