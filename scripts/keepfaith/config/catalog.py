"""Reading definitions: one YAML file each, in a folder per kind."""

from collections.abc import Hashable
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from keepfaith.config.errors import ConfigError, nearest
from keepfaith.config.explain import config_error

Entry = TypeVar("Entry", bound=BaseModel)


class _UniqueKeys(yaml.SafeLoader):
    """YAML without code, and without silently dropping the first of two equal keys."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} stands there twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file.

    Raises:
        ConfigError: the file is missing, no UTF-8, no YAML, or no mapping; with the line where known.
    """
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_UniqueKeys)
    except OSError as error:
        raise ConfigError(path, f"cannot be read ({error.strerror}); check the path") from error
    except UnicodeDecodeError as error:
        raise ConfigError(
            path, f"is no UTF-8 text (byte {error.start}); save it as UTF-8"
        ) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f"line {mark.line + 1}: " if mark else ""
        problem = getattr(error, "problem", None) or error
        raise ConfigError(path, f"{line}broken YAML ({problem}); mend that line") from error
    except RecursionError as error:
        raise ConfigError(path, "is nested too deeply; a definition needs a few levels") from error
    if not isinstance(content, dict):
        raise ConfigError(path, f"expected keys with values, got {type(content).__name__}")
    return content


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
