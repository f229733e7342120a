"""Model types and classes that transformers knows; read as text, since importing transformers takes seconds."""

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

TYPES = "auto_mappings.py"
AUTO_CLASSES_FILE = "modeling_auto.py"
TYPES_NAME = "CONFIG_MAPPING_NAMES"
MODULES_NAME = "SPECIAL_MODEL_TYPE_TO_MODULE_NAME"
"""Files and names of the lists in transformers, as `NAME = OrderedDict([(model type, class or classes), ...])`."""


def known_to_transformers(kind: object) -> bool:
    """Whether transformers has a model of this type."""
    types = _lists(TYPES).get(TYPES_NAME)
    # None where transformers is not installed; rule prepare_model checks again where it is.
    return types is None or (isinstance(kind, str) and kind in types)


def types_of_class(name: str) -> frozenset[str]:
    """The model types whose class has this name; none where transformers has no such class."""
    found = _lists(AUTO_CLASSES_FILE)
    return frozenset(
        kind for listed in found.values() for kind, classes in listed.items() if name in classes
    )


def same_family(one: str, other: str) -> bool:
    """Whether two model types belong together: a multimodal model and its language model."""
    modules = _lists(TYPES).get(MODULES_NAME, {})
    return modules.get(one, (one,)) == modules.get(other, (other,))


def layers_of_class(content: Mapping[str, Any]) -> int | None:
    """Default number of layers where the language model of a config.json gives none; None where there is no default.

    Checkpoints of multimodal models leave out values that are defaults of their class.
    """
    if find_spec("transformers") is None:
        return None
    from transformers import AutoConfig  # takes seconds

    rest = {key: value for key, value in content.items() if key != "model_type"}
    try:
        config: Any = AutoConfig.for_model(content["model_type"], **rest)
        return int(config.get_text_config(decoder=True).num_hidden_layers)
    except Exception:  # a faulty file is refused later, where it is read
        return None


@cache
def _lists(file: str) -> dict[str, dict[str, tuple[str, ...]]]:
    """{name of a list: {model type: its entries}}; empty where transformers is not installed."""
    found = find_spec("transformers")
    if found is None or found.origin is None:
        return {}
    source = (Path(found.origin).parent / "models/auto" / file).read_text(encoding="utf-8")
    return {
        ast.unparse(statement.targets[0]): dict(_pairs(statement.value))
        for statement in ast.parse(source).body
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Call)
    }


def _pairs(call: ast.Call) -> Iterator[tuple[str, tuple[str, ...]]]:
    for argument in call.args:
        for pair in argument.elts if isinstance(argument, ast.List) else ():
            if isinstance(pair, ast.Tuple):  # others unpack a list that is read separately
                kind, classes = ast.literal_eval(pair)
                yield kind, (classes,) if isinstance(classes, str) else tuple(classes)
