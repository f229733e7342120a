"""What spoils one thing of a small world."""

import json
from collections.abc import Callable

from world import World

HUB = {"kind": "hub", "repository": "o/r", "revision": "abc", "layers": 4}


def setting(key: str, value: object) -> Callable[[World], None]:
    return lambda world: world.set(key, value)


def row(**changes: object) -> Callable[[World], None]:
    return lambda world: world.change_row(**changes)


def task(**changes: object) -> Callable[[World], None]:
    return lambda world: world.change_task(**changes)


def source(**changes: object) -> Callable[[World], None]:
    return lambda world: world.change_source(**changes)


def data(name: str, content: bytes) -> Callable[[World], None]:
    return lambda world: world.write_data(name, content)


def entry(kind: str, content: object) -> Callable[[World], None]:
    return lambda world: world.write_entry(kind, "tiny", content)


def model(**changes: object) -> Callable[[World], None]:
    return entry(
        "models", {"description": "Tiny.", "source": {"kind": "local", "path": "tiny"}} | changes
    )


def method(**changes: object) -> Callable[[World], None]:
    content = {"description": "Tiny.", "method": "lime"} | changes
    return lambda world: world.write_entry("methods", "lime", content)


def config_json(**content: object) -> Callable[[World], None]:
    """The model's config.json, with these keys beside those of a Llama of four layers."""
    text = json.dumps({"model_type": "llama", "num_hidden_layers": 4} | content)
    return lambda world: (world.model / "config.json").write_text(text)


def weights(dtype: str, *names: str) -> Callable[[World], None]:
    """The model's weights: one number of this dtype for each name."""
    size = 4 if dtype.endswith("32") else 1
    header = {
        name: {"dtype": dtype, "shape": [1], "data_offsets": [n * size, (n + 1) * size]}
        for n, name in enumerate(names)
    }
    text = json.dumps(header).encode()
    content = len(text).to_bytes(8, "little") + text + bytes(len(names) * size)
    return lambda world: (world.model / "model.safetensors").write_bytes(content)


def other_tokenizer(**files: str) -> Callable[[World], None]:
    """tokenizer.json is missing, and these files are there; _ stands for the last full stop."""

    def spoil(world: World) -> None:
        (world.model / "tokenizer.json").unlink()
        for name, content in files.items():
            (world.model / ".".join(name.rsplit("_", 1))).write_text(content)

    return spoil


def weights_of_layers(layers: int, *names: str) -> Callable[[World], None]:
    """Plain weights of these names in so many layers."""
    every = [f"model.layers.{layer}.{name}" for layer in range(layers) for name in names]
    header = {
        name: {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for name in ["w", *every]
    }
    text = json.dumps(header).encode()
    content = len(text).to_bytes(8, "little") + text
    return lambda world: (world.model / "model.safetensors").write_bytes(content)


def weight_twice(world: World) -> None:
    """Two files of an index, which are copies of each other."""
    content = (world.model / "model.safetensors").read_bytes()
    (world.model / "model.safetensors").unlink()
    names = ("model-1.safetensors", "model-2.safetensors")
    for name in names:
        (world.model / name).write_bytes(content)
    index = {"metadata": {}, "weight_map": dict(zip("vw", names, strict=True))}
    (world.model / "model.safetensors.index.json").write_text(json.dumps(index))


def both(*spoils: Callable[[World], None]) -> Callable[[World], None]:
    def spoil(world: World) -> None:
        for one in spoils:
            one(world)

    return spoil


def adapter(world: World) -> None:
    (world.model / "model.safetensors").rename(world.model / "adapter_model.safetensors")
    (world.model / "adapter_config.json").write_text('{"peft_type": "LORA"}')


def without(name: str) -> Callable[[World], None]:
    return lambda world: (world.model / name).unlink()


def missing_field(world: World) -> None:
    rows = world.rows()
    del rows[1]["text"]
    world.write_rows("test.jsonl", rows)


def only_pickle(world: World) -> None:
    (world.model / "model.safetensors").rename(world.model / "pytorch_model.bin")


def lost_shard(world: World) -> None:
    index = {"metadata": {}, "weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}}
    (world.model / "model.safetensors").rename(world.model / "model-1.safetensors")
    (world.model / "model.safetensors.index.json").write_text(json.dumps(index))


def cut_weights(world: World) -> None:
    path = world.model / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-2])


def upper_case(world: World) -> None:
    world.write_entry("tasks", "TINY", world.task)
    world.set("tasks", ["tiny", "TINY"])


def shared_tuning(world: World) -> None:
    world.change_source(splits={"evaluation": "test.jsonl"})
    world.set("examples.tuning", 4)


def csv_table(world: World) -> None:
    world.write_data("test.csv", b"id,txet,label\n1,Good.,1\n")
    world.change_source(splits={"evaluation": "test.csv"})


def trained_on_nothing(world: World) -> None:
    world.change_source(splits={"evaluation": "test.jsonl"})
    world.set("models", ["small_trained"])


def own_options(*options: object) -> Callable[[World], None]:
    def spoil(world: World) -> None:
        rows = [{"id": n, "text": "Which?", "label": 0, "choices": ["a", "b"]} for n in range(4)]
        rows[2]["choices"] = list(options)
        world.write_rows("test.jsonl", rows)
        world.write_rows("dev.jsonl", rows[:2])
        entry_of_source = world.task["sources"]["local"] | {"options": "choices"}
        world.change_task(options=None, sources={"local": entry_of_source})

    return spoil


Cases = dict[str, tuple[Callable[[World], None], list[str]]]
"""By name: what spoils a world, and the words that the one line of its refusal must hold."""
