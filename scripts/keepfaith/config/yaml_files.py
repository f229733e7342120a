"""Reading of YAML in which nothing is silently lost or changed."""

import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from keepfaith.config.errors import ConfigError

_MERGE = "tag:yaml.org,2002:merge"
_OTHER_NUMBER = re.compile(r"[+-]?0[0-9_]+|.*:.*")
"""Octal and sexagesimal numbers: 010 and 1:30 are not meant as 8 and 90."""


class _Misread(yaml.constructor.ConstructorError):
    """Valid YAML that loses or changes what was typed."""


class _UniqueKeys(yaml.SafeLoader):
    """YAML without code; two equal keys are an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[object] = set()
        for key_node, _ in node.value:
            if key_node.tag == _MERGE:
                continue
            # `4` and `"4"` are two keys in YAML, but never meant as two.
            key = self.construct_object(key_node, deep=True)
            spelt = {key, str(key)} if isinstance(key, Hashable) else set()
            if seen & spelt:
                raise _Misread(
                    None,
                    None,
                    f"the key {key!r} occurs twice; leave one out",
                    key_node.start_mark,
                )
            seen |= spelt
        return super().construct_mapping(node, deep)


class _PlainNumbers(_UniqueKeys):
    """As above, with decimal whole numbers only."""

    def construct_yaml_int(self, node: yaml.ScalarNode) -> int:
        number: int = super().construct_yaml_int(node)
        if _OTHER_NUMBER.fullmatch(node.value):
            raise _Misread(
                None,
                None,
                f"YAML reads {node.value} as {number}; type {number}, or the meant number without a leading zero, "
                f"or '{node.value}' in quotes for a text",
                node.start_mark,
            )
        return number


_PlainNumbers.add_constructor("tag:yaml.org,2002:int", _PlainNumbers.construct_yaml_int)


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file.

    Raises:
        ConfigError: the file is missing, not UTF-8, not YAML, not a mapping, or has a key twice or a number that YAML
            reads as another one; with the line where known.
    """
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_PlainNumbers)
    except OSError as error:
        raise ConfigError(path, f"cannot be read ({error.strerror}); check the path") from error
    except UnicodeDecodeError as error:
        raise ConfigError(
            path, f"is not UTF-8 text (byte {error.start}); save it as UTF-8"
        ) from error
    except _Misread as error:
        raise _misread(path, error) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f"line {mark.line + 1}: " if mark else ""
        problem = getattr(error, "problem", None) or error
        raise ConfigError(path, f"{line}broken YAML ({problem}); correct that line") from error
    except RecursionError as error:
        raise ConfigError(path, "is nested too deeply; a definition needs a few levels") from error
    if not isinstance(content, dict):
        raise ConfigError(path, f"expected keys with values, got {type(content).__name__}")
    return content


def check_study_file(path: Path) -> None:
    """Refuse a study in which Snakemake's own reader has lost or changed something.

    Raises:
        ConfigError: a key occurs twice, or YAML reads a number as another one; with the line.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return
    _check(text, _PlainNumbers, path)


def check_typed(key: str, value: str) -> None:
    """The same for one setting of the command line, whose numbers are read as typed.

    Raises:
        ConfigError: a key occurs twice.
    """
    _check(value, _UniqueKeys, f"--config {key}")


def _misread(location: object, error: _Misread) -> ConfigError:
    mark = error.problem_mark if isinstance(location, Path) else None
    line = f"line {mark.line + 1}: " if mark else ""
    return ConfigError(location, f"{line}{error.problem}")


def _check(text: str, loader: type[yaml.SafeLoader], location: object) -> None:
    try:
        yaml.load(text, Loader=loader)
    except _Misread as error:
        raise _misread(location, error) from error
    except (yaml.YAMLError, ValueError, RecursionError):
        return  # the reader reports it
