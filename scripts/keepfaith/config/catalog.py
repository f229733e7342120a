"""Reading of definitions: one YAML file each, in a folder per kind."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from keepfaith.config.errors import ConfigError, nearest
from keepfaith.config.explain import config_error
from keepfaith.config.yaml_files import read_yaml

Entry = TypeVar("Entry", bound=BaseModel)


def validated(schema: type[Entry], content: object, location: object, *above: str) -> Entry:
    """`content` as a `schema`, or a ConfigError of one line that starts with `location`.

    `above`: the keys of `location` that lead to `content`.
    """
    try:
        return schema.model_validate(content)
    except ValidationError as error:
        raise config_error(schema, error, str(location), above) from error


def entries(*folders: Path) -> list[str]:
    """Names of the definitions in folders of one kind; a missing folder holds none."""
    return sorted({path.stem for folder in folders for path in folder.glob("*.yaml")})


def entry_path(folders: Sequence[Path], name: str, location: str) -> Path:
    """The file that defines `name`, from the first folder that has one.

    Args:
        folders: those of one kind, one per catalog; the user's comes before the shipped one.
        location: where the name was typed.

    Raises:
        ConfigError: no folder has such a definition; the message lists those of all folders.
    """
    known = entries(*folders)
    if name not in known:
        raise ConfigError(
            location, f"unknown {folders[0].name.removesuffix('s')} {name!r}{nearest(name, known)}"
        )
    files = (folder / f"{name}.yaml" for folder in folders)
    return next(path for path in files if path.is_file())


def read_entry(schema: type[Entry], folders: Sequence[Path], name: str, location: str) -> Entry:
    """The definition `name`; see `entry_path`.

    Raises:
        ConfigError: there is no such definition, or it is invalid.
    """
    path = entry_path(folders, name, location)
    return validated(schema, read_yaml(path), path)


def distinct_folders(folders: Iterable[Path]) -> tuple[Path, ...]:
    """The folders, each once: where the checkout is the working folder, two catalogs are the same."""
    found: dict[Path, Path] = {}
    for folder in folders:
        found.setdefault(folder.resolve(), folder)
    return tuple(found.values())


def overridden(folders: Sequence[Path], names: Iterable[str]) -> list[str]:
    """One line for each definition that hides another of the same name with different contents.

    Args:
        folders: as `entry_path`.
        names: the definitions in use.
    """
    notes = []
    for name in names:
        first, *others = (path for folder in folders if (path := folder / f"{name}.yaml").is_file())
        notes += [
            f"{first} is used, and not {other}, which has the same name"
            for other in others
            if other.read_bytes() != first.read_bytes()
        ]
    return notes
