"""The rendered schema and page of options are those of the code, and say something about every key."""

import json

import pytest
from pydantic import BaseModel
from world import ROOT

from keepfaith.config import reference
from keepfaith.config.annotations import is_record, members
from keepfaith.config.schema import MethodEntry, Model, Order, Study, Task
from keepfaith.plugins.method import METHODS

SETTINGS = [method.settings for method in METHODS.all().values()]


@pytest.mark.parametrize(
    ("file", "render"),
    [
        (reference.SCHEMA_FILE, reference.json_schema),
        (reference.OPTIONS_FILE, reference.options_page),
    ],
)
def test_no_drift(file: str, render: object) -> None:
    rendered = render()  # type: ignore[operator]
    assert (ROOT / file).read_text(encoding="utf-8") == rendered, (
        "run: PYTHONPATH=scripts python -m keepfaith.config.reference"
    )


def _records(schema: type[BaseModel]) -> list[type[BaseModel]]:
    found = [schema]
    for field in schema.model_fields.values():
        for member in members(field.annotation):
            if is_record(member):
                found += _records(member)
    return found


@pytest.mark.parametrize(
    "schema",
    [Study, Model, Order, Task, MethodEntry, *(m.settings for m in METHODS.all().values())],
)
def test_every_field_is_described_and_every_record_is_strict(schema: type[BaseModel]) -> None:
    for record in _records(schema):
        assert record.model_config["extra"] == "forbid"
        assert record.model_config["frozen"] is True
        for name, field in record.model_fields.items():
            assert field.description, f"{record.__name__}.{name}"
            assert field.description.endswith("."), f"{record.__name__}.{name}"


def test_page_names_every_key_of_a_study() -> None:
    page = reference.options_page()
    for name, field in Study.model_fields.items():
        assert f"| `{name}` |" in page
        for member in filter(is_record, members(field.annotation)):
            for inner in member.model_fields:
                assert f"| `{name}.{inner}` |" in page


def test_json_schema_accepts_the_config_that_ships() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    import yaml

    schema = json.loads(reference.json_schema())
    jsonschema.validate(yaml.safe_load((ROOT / "config/config.yaml").read_text()), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"name": "x", "taks": []}, schema)


def test_page_names_the_settings_of_every_method() -> None:
    page = reference.options_page()
    rows = page[page.index("| **`method: integrated_gradients`**") :].splitlines()
    assert rows[1].startswith("| `settings.steps` | whole number ≥ 1 | `20` |")
    assert rows[3].startswith("| `settings.samples_per_token` | whole number ≥ 1 | `3` |")
    assert rows[2].startswith("| **`method: kernelshap`**")
