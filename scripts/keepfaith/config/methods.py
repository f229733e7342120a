"""Attribution methods of the catalog, checked against what their modules declare."""

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from keepfaith.config.catalog import entry_path, validated
from keepfaith.config.errors import ConfigError, nearest
from keepfaith.config.schema import MethodEntry
from keepfaith.config.yaml_files import read_yaml
from keepfaith.plugins.method import METHODS, Method
from keepfaith.plugins.registry import Registry

Declared = TypeVar("Declared")


def declaration(registry: Registry[Declared], name: str, kind: str, location: str) -> Declared:
    """The declaration of the plug-in `name`; `location` is where it was typed, `kind` the noun for messages.

    Raises:
        ConfigError: there is no such plug-in, or its module cannot be imported.
    """
    if name not in registry.names():
        raise ConfigError(location, f"unknown {kind} {name!r}{nearest(name, registry.names())}")
    try:
        return registry.load(name)
    except Exception as error:  # a plug-in under development may raise anything
        problem = f"{registry.files(name)[0]} cannot be loaded: {type(error).__name__}: {error}"
        raise ConfigError(location, problem) from error


def read_method(folders: Sequence[Path], name: str, location: str) -> MethodEntry:
    """The method `name` of the catalogs with all its settings; `location` is where the name was typed.

    Raises:
        ConfigError: there is no such definition, or it or its module's declaration is invalid.
    """
    path = entry_path(folders, name, location)
    content = read_yaml(path)
    if isinstance(content, dict) and content.get("method") in METHODS.names():
        _refuse_settings_outside(path, content, _declared(path, content["method"]))
    entry = validated(MethodEntry, content, path)
    declared = _declared(path, entry.method)
    settings = validated(declared.settings, entry.settings, path, "settings")
    if len(entry.seeds) > 1 and not declared.seeded:
        raise ConfigError(
            f"{path}: seeds",
            f"{entry.method} draws nothing, so that all seeds give the same scores; type [{entry.seeds[0]}]",
        )
    return entry.model_copy(update={"settings": settings.model_dump(mode="json")})


def _declared(path: Path, method: str) -> Method:
    return declaration(METHODS, method, "method", f"{path}: method")


def _refuse_settings_outside(path: Path, content: dict[str, object], declared: Method) -> None:
    """Refuse a setting beside `settings` with its correct location, instead of as an unknown key."""
    for key, value in content.items():
        if key in declared.settings.model_fields and key not in MethodEntry.model_fields:
            raise ConfigError(
                f"{path}: {key}",
                f"is a setting of {content['method']}; type settings: {{{key}: {value}}}",
            )
