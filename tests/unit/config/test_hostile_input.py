"""What a stranger may send: data and configurations are read as data, never as code, and refused in one line."""

import io
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from world import World

from keepfaith.config.errors import ConfigError
from keepfaith.config.files import read_rows

CODE = "!!python/object/apply:os.system ['touch {}']"
LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, name in zip("abcdefghijk", "bcdefghijkl", strict=True)
)
HUB_TASK = {"repository": "o/r", "revision": "abc", "splits": {"evaluation": "test"}}


def setting(key: str, value: object) -> Callable[[World], None]:
    return lambda world: world.set(key, value)


def row(**changes: object) -> Callable[[World], None]:
    return lambda world: world.change_row(**changes)


def prompt(text: str) -> Callable[[World], None]:
    return lambda world: world.change_task(prompt=text)


def data(content: bytes) -> Callable[[World], None]:
    return lambda world: world.write_data("test.jsonl", content)


def task_file(text: str) -> Callable[[World], None]:
    return lambda world: world.write_entry("tasks", "tiny", text)


def hub(**changes: object) -> Callable[[World], None]:
    source: dict[str, Any] = {"kind": "hub", "repository": "o/r", "revision": "abc", "layers": 4}
    entry = {"description": "Tiny.", "source": source | changes}
    return lambda world: world.write_entry("models", "tiny", entry)


def hub_task(**changes: object) -> Callable[[World], None]:
    return lambda world: world.change_task(sources={"hub": HUB_TASK | changes})


def model_file(name: str, content: bytes) -> Callable[[World], None]:
    return lambda world: (world.model / name).write_bytes(content)


def table(name: str, content: bytes) -> Callable[[World], None]:
    def spoil(world: World) -> None:
        world.write_data(name, content)
        world.change_source(splits={"evaluation": name})

    return spoil


def parquet(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    return buffer.getvalue()


def pipe(world: World) -> None:
    path = world.folder / "data" / "test.jsonl"
    path.unlink()
    os.mkfifo(path)


HOSTILE: dict[str, tuple[Callable[[World], None], list[str]]] = {
    # Names and paths.
    "model name that climbs": (setting("models", ["../../etc"]), ["no name", "lower-case"]),
    "model name that is a dot": (setting("models", [".."]), ["no name"]),
    "task name with a null": (setting("tasks", ["a\0b"]), ["no name"]),
    "study name with a line break": (setting("name", "a\nb"), ["config: name", "no name"]),
    "method name with a shell command": (setting("methods", ["$(id)"]), ["no name"]),
    "order name of a megabyte": (setting("orders", ["a" * 10**6]), ["too long", "at most 80"]),
    "name in letters that look alike": (setting("models", ["bu\u0456ltin"]), ["no name"]),
    "name that differs by case only": (setting("tasks", ["TINY"]), ["no name", "lower-case"]),
    "repository that climbs": (hub(repository="../etc"), ["type owner/name"]),
    "repository that is a path": (hub(repository="/etc/passwd"), ["type owner/name"]),
    "repository with an address": (hub(repository="https://x.y/z"), ["type owner/name"]),
    "data set that is a folder": (hub_task(repository="./evil"), ["type owner/name"]),
    "data set that names a loader": (hub_task(repository="csv"), ["type owner/name"]),
    "file that is a folder": (
        lambda w: w.change_source(splits={"evaluation": "."}),
        ["unknown format"],
    ),
    "file that is a pipe": (pipe, ["test.jsonl: no such file"]),
    # Configurations.
    "YAML that runs code": (task_file(CODE), ["tiny.yaml: line 1: broken YAML", "python/object"]),
    "YAML that makes an object": (
        task_file("version: !!python/name:os.system\n"),
        ["tiny.yaml: line 1: broken YAML"],
    ),
    "YAML that grows without end": (task_file(LAUGHS), ["tiny.yaml: unknown key"]),
    "values that grow without end": (
        lambda w: w.set("models", [bomb()]),
        ["config: models", "expected text"],
    ),
    "YAML nested without end": (task_file("[" * 20000), ["tiny.yaml", "nested too deeply"]),
    "YAML with a control character": (task_file("version: \x01\n"), ["tiny.yaml", "broken YAML"]),
    "YAML with two documents": (task_file("version: 1\n---\nversion: 2\n"), ["broken YAML"]),
    "YAML that merges itself": (task_file("a: &a\n  <<: *a\n"), ["tiny.yaml"]),
    "number without end": (setting("examples.seed", 10**400), ["examples.seed", "below"]),
    "not a number": (setting("statistics.confidence", float("nan")), ["statistics.confidence"]),
    "infinity": (setting("statistics.margins", {"ece": float("inf")}), ["margins.ece"]),
    "a date for a text": (task_file("version: 1\ndescription: 2026-01-01\n"), ["description"]),
    # Prompts: nothing of Python's or Jinja's template languages.
    "prompt that reads an attribute": (prompt("{text.__class__}\nAnswer:"), ["single brace"]),
    "prompt that reads an index": (prompt("{text[0]}\nAnswer:"), ["single brace"]),
    "prompt with a conversion": (prompt("{text!r}\nAnswer:"), ["single brace"]),
    "prompt with a width": (prompt("{text:>999999999}\nAnswer:"), ["single brace"]),
    "prompt with a position": (prompt("{0}\nAnswer:"), ["single brace"]),
    "prompt in Jinja that calls": (prompt("{{text}}{% x %}\nAnswer:"), ["single brace"]),
    "prompt with a field of Python": (prompt("{__builtins__} {text}:"), ["single brace"]),
    # Rows.
    "JSON nested without end": (data(b"[" * 200_000), ["line 1: broken JSON", "correct that line"]),
    "JSON number without end": (data(b'{"id": ' + b"1" * 5000 + b"}"), ["line 1: broken JSON"]),
    "JSON that is a list": (data(b"[1]\n"), ["line 1: expected an object"]),
    "binary file": (data(bytes(range(256))), ["test.jsonl: line", "not UTF-8"]),
    "compressed file": (data(b"\x1f\x8b\x08\x00"), ["is packed with gzip; gunzip it"]),
    "UTF-16": (data('{"id": 1}'.encode("utf-16")), ["not UTF-8"]),
    "field with a null": (row(text="a\0b"), ["line 3", "NUL character at character 1"]),
    "field that is a list": (row(text=["a"]), ["line 3", "must be text", "['a']"]),
    "field that is an object": (row(text={"a": 1}), ["line 3", "must be text"]),
    "label that is nothing": (row(label=None), ["line 3", "'label' is empty"]),
    "label that is a fraction": (row(label=0.5), ["line 3", "label 0.5"]),
    "label without end": (row(label=10**300), ["line 3", "lies outside"]),
    "label that is a list": (row(label=[0]), ["line 3", "label [0]"]),
    "label that runs code": (row(label="__import__('os')"), ["line 3", "not a number"]),
    "id that is a list": (row(id=[1]), ["line 3", "must name the example"]),
    "id that is nothing": (row(id=" "), ["line 3", "it is empty"]),
    "column of bytes": (
        table("test.parquet", parquet(pl.DataFrame({"id": [1], "text": [b"\xff"], "label": [0]}))),
        ["row 1", "must be text", "b'\\xff'"],
    ),
    "Parquet without rows": (
        table("test.parquet", parquet(pl.DataFrame({"id": [], "text": [], "label": []}))),
        ["holds no rows"],
    ),
    "CSV cell of eleven megabytes": (
        table("test.csv", b"id,text,label\n1," + b"a" * 11 * 10**6 + b",0\n"),
        ["line 2: broken CSV", "a cell has more than 10,000,000 characters"],
    ),
    "CSV with a quote left open": (
        table("test.csv", b'id,text,label\n1,"a,0\n'),
        ["broken CSV", "correct that line"],
    ),
    "CSV with columns alike": (
        table("test.csv", b"id,text,text,label\n1,a,b,0\n"),
        ["two columns have the same name"],
    ),
    # Model folders.
    "model with its own code": (
        model_file("config.json", b'{"num_hidden_layers": 4, "auto_map": {"AutoModel": "x.Y"}}'),
        ["run its own code", "transformers knows"],
    ),
    "model nested without end": (model_file("config.json", b"[" * 200_000), ["broken JSON"]),
    "model with layers in words": (
        model_file("config.json", b'{"num_hidden_layers": "__import__"}'),
        ["gives no num_hidden_layers"],
    ),
    "weights with a header without end": (
        model_file("model.safetensors", b"\xff" * 64),
        ["not a safetensors file", "longer than the file"],
    ),
    "weights that are a pickle": (
        model_file("model.safetensors", b"\x80\x04cposix\nsystem\n."),
        ["not a safetensors file"],
    ),
    "weights nested without end": (
        model_file("model.safetensors", (200_000).to_bytes(8, "little") + b"[" * 200_000),
        ["not a safetensors file"],
    ),
    "index that climbs": (
        model_file(
            "model.safetensors.index.json",
            json.dumps({"weight_map": {"w": "../../etc/passwd"}}).encode(),
        ),
        ["lacks ../../etc/passwd"],
    ),
    "index that is a list": (model_file("model.safetensors.index.json", b"[]"), ["not an index"]),
}


def bomb() -> object:
    """A value of 9^10 parts that takes no memory until someone prints it."""
    value: object = "x"
    for _ in range(10):
        value = [value] * 9
    return value


@pytest.mark.parametrize("name", HOSTILE)
def test_refused_in_one_line_at_once(name: str, tmp_path: Path, refused: dict[str, str]) -> None:
    world = World(tmp_path)
    spoil, expected = HOSTILE[name]
    spoil(world)
    started = time.process_time()
    with pytest.raises(ConfigError) as caught:
        world.read()
    message = str(caught.value)
    assert time.process_time() - started < 5
    assert "\n" not in message and "Traceback" not in message
    for part in expected:
        assert part in message, message
    assert len(message) < 500 + 2 * len(str(tmp_path)), message
    refused[name] = message.replace(f"{tmp_path}/", "")


HARMLESS = {
    "HTML": "<script>alert(1)</script>",
    "braces": "{text} {0} {{ x }} {% for %} ${HOME} $(id) `id`",
    "a formula": "=HYPERLINK(A1)",
    "a path": "../../etc/passwd",
    "right to left": "\u202eevil\u202c",
    "emoji and marks": "👩‍👩‍👧 é \u0301",
    "line separators": "a\u2028b\x0bc\x85d",
    "SQL": "'; DROP TABLE examples; --",
    "twenty thousand characters": "long " * 4000,
}


@pytest.mark.parametrize("name", HARMLESS)
def test_text_is_text(name: str, tmp_path: Path) -> None:
    world = World(tmp_path)
    world.change_row(text=HARMLESS[name])
    world.read()
    rows = [row for _, row in read_rows(tmp_path / "data" / "test.jsonl")]
    assert rows[2]["text"] == HARMLESS[name]


def test_rows_are_looked_at_in_a_small_multiple_of_the_time_that_json_takes(tmp_path: Path) -> None:
    world = World(tmp_path)
    lines = [json.dumps({"id": n, "text": f"Text {n}.", "label": n % 2}) for n in range(100_000)]
    world.write_data("test.jsonl", "\n".join(lines).encode())
    started = time.process_time()
    for line in lines:
        json.loads(line)
    alone = time.process_time() - started
    started = time.process_time()
    world.read()
    assert (
        time.process_time() - started < 100 * alone
    )  # 10 to 20, and thousands where rows are compared pairwise
