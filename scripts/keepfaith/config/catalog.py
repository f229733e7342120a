"""Reading definitions: one YAML file each, in a folder per kind."""

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from keepfaith.config.errors import ConfigError, nearest
from keepfaith.config.explain import config_error
from keepfaith.config.yaml_files import read_yaml

Entry = TypeVar("Entry", bound=BaseModel)


def validated(schema: type[Entry], content: object, place: object, *above: str) -> Entry:
    """`content` as a `schema`, or a ConfigError of one line that starts with `place`.

    `above`: the keys of `place` under which `content` stands.
    """
    try:
        return schema.model_validate(content)
    except ValidationError as error:
        raise config_error(schema, error, str(place), above) from error


def entries(folder: Path) -> list[str]:
    """Names of the definitions in a folder."""
    return sorted(path.stem for path in folder.glob("*.yaml"))


def entry_file(folder: Path, name: str, place: str) -> Path:
    """The file of the definition `name` of a catalog folder; `place` is where the name was typed.

    Raises:
        ConfigError: there is no such definition.
    """
    known = entries(folder)
    if name not in known:
        raise ConfigError(
            place, f"unknown {folder.name.removesuffix('s')} {name!r}{nearest(name, known)}"
        )
    return folder / f"{name}.yaml"


def read_entry(schema: type[Entry], folder: Path, name: str, place: str) -> Entry:
    """The definition `name` of a catalog folder; `place` is where the name was typed.

    Raises:
        ConfigError: there is no such definition, or it is wrong.
    """
    path = entry_file(folder, name, place)
    return validated(schema, read_yaml(path), path)
