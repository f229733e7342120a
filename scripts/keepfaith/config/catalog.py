"""Reading definitions: one YAML file each, in a folder per kind."""

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from keepfaith.config.errors import ConfigError, nearest
from keepfaith.config.explain import config_error
from keepfaith.config.yaml_files import read_yaml

Entry = TypeVar("Entry", bound=BaseModel)


def validated(schema: type[Entry], content: object, place: object) -> Entry:
    """`content` as a `schema`, or a ConfigError of one line that starts with `place`."""
    try:
        return schema.model_validate(content)
    except ValidationError as error:
        raise config_error(schema, error, str(place)) from error


def entries(folder: Path) -> list[str]:
    """Names of the definitions in a folder."""
    return sorted(path.stem for path in folder.glob("*.yaml"))


def read_entry(schema: type[Entry], folder: Path, name: str, place: str) -> Entry:
    """The definition `name` of a catalog folder; `place` is where the name was typed.

    Raises:
        ConfigError: there is no such definition, or it is wrong.
    """
    known = entries(folder)
    if name not in known:
        raise ConfigError(
            place, f"unknown {folder.name.removesuffix('s')} {name!r}{nearest(name, known)}"
        )
    path = folder / f"{name}.yaml"
    return validated(schema, read_yaml(path), path)
