"""Ways to spoil a small world of a study, each with words that the one line of its refusal must hold."""

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


def without(name: str) -> Callable[[World], None]:
    return lambda world: (world.model / name).unlink()


def missing_field(world: World) -> None:
    rows = world.rows()
    del rows[1]["text"]
    world.write_rows("test.jsonl", rows)


def only_pickle(world: World) -> None:
    (world.model / "model.safetensors").rename(world.model / "pytorch_model.bin")


def lost_shard(world: World) -> None:
    index = {"weight_map": {"a": "model.safetensors", "b": "model-2.safetensors"}}
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


BAD: dict[str, tuple[Callable[[World], None], list[str]]] = {
    # The study.
    "unknown key": (setting("taks", ["tiny"]), ["unknown key 'taks'", "did you mean 'tasks'?"]),
    "import without the dense run": (
        setting("imports", {"mine": {4: "runs/drop4"}}),
        ["imports.mine: level 0", "is missing", "0: FOLDER"],
    ),
    "import of one run twice": (
        setting("imports", {"mine": {0: "runs/a", 4: "runs/a"}}),
        ["imports.mine: levels 0 and 4", "'runs/a'"],
    ),
    "import with a name that is none": (
        setting("imports", {"../mine": {0: "runs/a"}}),
        ["'../mine' is no name", "type lower-case"],
    ),
    "model named as a folder of results": (
        setting("models", ["imported"]),
        ["'imported' is a folder of the results"],
    ),
    "unknown key in a block": (setting("levels.maximun", 2), ["levels: unknown key", "'maximum'"]),
    "missing key": (lambda w: w.raw.pop("models"), ["models: missing", "add it"]),
    "misspelt model": (
        setting("models", ["builtn"]),
        ["models: unknown model 'builtn'", "'builtin'"],
    ),
    "misspelt order": (setting("orders", ["cosin"]), ["unknown order 'cosin'", "'cosine'"]),
    "misspelt task": (setting("tasks", ["sst3"]), ["unknown task 'sst3'", "did you mean 'sst2'?"]),
    "misspelt method": (setting("methods", ["kernalshap"]), ["unknown method", "'kernelshap'"]),
    "misspelt source": (setting("task_source", "locl"), ["'locl' is not known", "'local'"]),
    "a source that the task lacks": (
        setting("task_source", "hub"),
        ["'tiny' has no hub source", "local"],
    ),
    "empty selection": (setting("tasks", []), ["tasks: must not be empty", "at least one"]),
    "selection that is no list": (setting("tasks", "tiny"), ["expected a list", "type [tiny]"]),
    "selected twice": (setting("tasks", ["tiny", "tiny"]), ["'tiny' is listed twice", "leave one"]),
    "name that leaves results/": (
        setting("tasks", ["../../etc"]),
        ["is no name", "type lower-case"],
    ),
    "name with a separator": (
        setting("name", "a/b"),
        ["name: 'a/b' is no name", "type lower-case"],
    ),
    "names that differ by case": (upper_case, ["'TINY' is no name", "type lower-case"]),
    "model named as a folder": (setting("models", ["summary"]), ["'summary'", "rename"]),
    "level above the layer count": (
        setting("levels.maximum", 5),
        ["5 is above the 4", "type at most 4"],
    ),
    "negative level": (setting("levels.maximum", -1), ["levels.maximum: expected half", "got -1"]),
    "level in words": (
        setting("levels.maximum", "most"),
        ["expected half, all or a whole number", "'most'"],
    ),
    "wrong type": (
        setting("scoring.token_budget", "many"),
        ["scoring.token_budget: expected auto or a whole number", "'many'"],
    ),
    "true for a number": (
        setting("examples.seed", True),
        ["seed: expected a whole number", "True"],
    ),
    "fraction of nothing": (setting("faithfulness.fractions", [0.0, 0.5]), ["must be above 0"]),
    "fraction above 1": (
        setting("faithfulness.fractions", [0.5, 1.5]),
        ["must be at most 1", "1.5"],
    ),
    "fraction twice": (setting("faithfulness.fractions", [0.5, 0.5]), ["0.5 is listed twice"]),
    "fractions that fall": (
        setting("faithfulness.fractions", [0.5, 0.1]),
        ["must rise", "[0.1, 0.5]"],
    ),
    "unknown operator": (
        setting("faithfulness.operators", ["delte"]),
        ["unknown operator", "'delete'"],
    ),
    "unknown device": (
        setting("scoring.device", "gpu"),
        ["'gpu' is not known", "did you mean 'cpu'?"],
    ),
    "unknown margin": (setting("statistics.margins.ecee", 0.1), ["margins: unknown key", "'ece'"]),
    "negative margin": (setting("statistics.margins.ece", -0.1), ["must be at least 0", "-0.1"]),
    "confidence of 95": (setting("statistics.confidence", 95), ["must be below 1", "95"]),
    "more explained than evaluated": (
        lambda w: w.raw.update(examples={"evaluation": 2, "explanation": 3, "tuning": 0}),
        ["3 explained examples are more than the 2", "type at most 2"],
    ),
    "more explained than rows": (
        setting("examples.explanation", 9),
        ["9 explained", "the 4", "at most 4"],
    ),
    "more tuning than rows": (
        setting("examples.tuning", 9),
        ["9 tuning examples", "the 4", "at most 4"],
    ),
    "tuning takes all rows": (shared_tuning, ["4 tuning examples leave nothing of the 4 rows"]),
    "more shown than explained": (setting("report.explained_examples", 3), ["type at most 2"]),
    "missing folder setting": (
        lambda w: w.raw.pop("folders"),
        ["folders.models: not set", "--config"],
    ),
    # The catalog.
    "broken YAML": (
        entry("tasks", "version: 1\nprompt: {text\n"),
        ["tiny.yaml", "line 3", "broken YAML"],
    ),
    "a key twice": (
        entry("tasks", "version: 1\nversion: 2\n"),
        ["line 2", "'version' stands there twice"],
    ),
    "YAML that is no mapping": (
        entry("tasks", "- version\n"),
        ["tiny.yaml", "expected keys with values"],
    ),
    "unknown key of a task": (task(optoins=["a", "b"]), ["unknown key 'optoins'", "'options'"]),
    "prompt with an unknown field": (
        task(prompt="{txt}\nAnswer:"),
        ["'txt', which is not in fields", "'text'"],
    ),
    "prompt that leaves a field out": (
        task(fields=["text", "title"]),
        ["leaves out the field 'title'", "{title}"],
    ),
    "prompt with a single brace": (task(prompt="{text} {\nAnswer:"), ["single brace", "{{"]),
    "prompt with attribute access": (
        task(prompt="{text.__class__}:"),
        ["single brace", "type a field as {name}"],
    ),
    "prompt that ends in a space": (
        task(prompt="{text}\nAnswer: "),
        ["ends in white space", "without"],
    ),
    "one option": (task(options=["yes"]), ["at least two options", "add"]),
    "empty option": (task(options=["yes", ""]), ["option 1 is empty", "type"]),
    "equal options": (task(options=["yes", "yes"]), ["'yes' is listed twice"]),
    "option with a space": (task(options=["no", " yes"]), ["white space around it", "type 'yes'"]),
    "yes and no without quotes": (
        task(options=[False, True]),
        ["options.0: expected text, got False", "quotes"],
    ),
    "options of both kinds": (source(options="choices"), ["sources.local.options", "not both"]),
    "no options at all": (task(options=None), ["sources.local.options", "not neither"]),
    "no source": (task(sources={}), ["needs a source", "builtin, hub or local"]),
    "column of an unknown field": (source(columns={"txt": "t"}), ["unknown field 'txt'", "'text'"]),
    "training on evaluation": (
        source(splits={"evaluation": "test.jsonl", "training": "test.jsonl"}),
        ["training and evaluation are the same split", "name another"],
    ),
    "label names too few": (source(label_names=["no"]), ["1 names for 2 options"]),
    "unknown generator": (task(sources={"builtin": {"generator": "sentimnt"}}), ["'sentiment'"]),
    "gpu of 0": (model(gpu=0), ["gpu: must be at least 1", "type 1 or more"]),
    "unknown kind of model": (
        model(source={"kind": "hubb"}),
        ["kind 'hubb' is not known", "'hub'"],
    ),
    "no kind of model": (
        model(source={"path": "tiny"}),
        ["needs 'kind', one of hub, local, builtin, train", "add it"],
    ),
    "hub model without layers": (
        model(source={k: v for k, v in HUB.items() if k != "layers"}),
        ["source.layers: missing", "add it"],
    ),
    "hub model without revision": (
        model(source={k: v for k, v in HUB.items() if k != "revision"}),
        ["source.revision: missing", "add it"],
    ),
    "hub model without owner": (model(source=HUB | {"repository": "llama"}), ["type owner/name"]),
    "heads that do not divide": (
        model(source={"kind": "train", "architecture": {"hidden": 100, "heads": 8}}),
        ["no multiple of 2 x heads", "type 112"],
    ),
    "unknown criterion": (
        entry(
            "orders",
            {"description": "T.", "criterion": "cosin", "calibration_text": {"source": "builtin"}},
        ),
        ["unknown criterion 'cosin'", "'cosine'"],
    ),
    "unknown method module": (
        lambda w: w.write_entry("methods", "lime", {"description": "T.", "method": "limee"}),
        ["unknown method 'limee'", "'lime'"],
    ),
    "seed twice": (
        lambda w: w.write_entry(
            "methods", "lime", {"description": "T.", "method": "lime", "seeds": [0, 0]}
        ),
        ["seeds: 0 is listed twice", "leave one"],
    ),
    "nothing to train on": (trained_on_nothing, ["no selected task has one", "splits.training"]),
    # Models.
    "no model folder": (
        model(source={"kind": "local", "path": "tyni"}),
        ["there is no folder", "tyni"],
    ),
    "model without config.json": (
        without("config.json"),
        ["has no config.json", "save_pretrained"],
    ),
    "model without weights": (
        without("model.safetensors"),
        ["holds no weights", "save_pretrained"],
    ),
    "model whose weights have a name of their own": (
        lambda w: (w.model / "model.safetensors").rename(w.model / "mine.safetensors"),
        ["holds mine.safetensors, but neither model.safetensors", "save_pretrained"],
    ),
    "model with only a pickle": (only_pickle, ["only pytorch_model.bin", "save_pretrained"]),
    "model without tokenizer": (
        without("tokenizer.json"),
        ["has no tokenizer.json", "save the tokenizer"],
    ),
    "model with a shard missing": (lost_shard, ["lacks model-2.safetensors", "copy it"]),
    "model cut short": (cut_weights, ["is cut short", "fetch it again"]),
    "model that is a pointer": (
        lambda w: (w.model / "model.safetensors").write_text("version https://git-lfs"),
        ["is no safetensors file", "Git LFS pointer"],
    ),
    "config.json that is broken": (
        lambda w: (w.model / "config.json").write_text("{"),
        ["config.json is broken JSON"],
    ),
    "config.json without layers": (
        lambda w: (w.model / "config.json").write_text("{}"),
        ["gives no num_hidden_layers"],
    ),
    "model with its own code": (
        lambda w: (w.model / "config.json").write_text('{"num_hidden_layers": 4, "auto_map": {}}'),
        ["own code", "transformers knows"],
    ),
    "model that is quantised": (
        lambda w: (w.model / "config.json").write_text(
            '{"num_hidden_layers": 4, "quantization_config": {"quant_method": "gptq"}}'
        ),
        ["is quantised (gptq)", "use the checkpoint it was made from"],
    ),
    "model that is a pruned export": (
        lambda w: (w.model / "config.json").write_text(
            '{"num_hidden_layers": 4, "model_type": "keepfaith_slim"}'
        ),
        ["is a pruned export", "use the dense model it was made from"],
    ),
    # Data.
    "missing file": (
        source(splits={"evaluation": "tset.jsonl"}),
        ["tset.jsonl: no such file", "did you mean 'test.jsonl'?"],
    ),
    "missing data folder": (
        setting("folders.data", "nowhere"),
        ["no folder nowhere", "folders.data"],
    ),
    "unknown format": (
        source(splits={"evaluation": "test.xlsx"}),
        ["unknown format '.xlsx'", ".jsonl"],
    ),
    "empty file": (data("test.jsonl", b"\n\n"), ["test.jsonl: holds no rows"]),
    "not UTF-8": (
        data("test.jsonl", b'{"id": 1, "text": "ok", "label": 0}\n{"text": "caf\xe9"}\n'),
        ["test.jsonl: line 2", "no UTF-8", "save the file as UTF-8"],
    ),
    "broken JSON": (
        data("test.jsonl", b'{"id": 1, "text": "ok", "label": 0}\n\n{"id": 2,\n'),
        ["test.jsonl: line 3: broken JSON", "mend"],
    ),
    "JSON that is no object": (data("test.jsonl", b"[1, 2]\n"), ["line 1: expected an object"]),
    "row without a field": (missing_field, ["test.jsonl: line 2", "no column 'text'"]),
    "row with an empty field": (row(text="  "), ["line 3", "'text' is empty"]),
    "row with null": (row(text=None), ["line 3", "'text' is empty", "fill it"]),
    "row with a number for text": (row(text=5), ["line 3", "must be text, got 5", "quotes"]),
    "half a surrogate pair": (row(text="\ud800"), ["line 3", "surrogate"]),
    "label outside the options": (
        row(label=2),
        ["line 3", "label 2 lies outside the 2 options (0 to 1)"],
    ),
    "negative label": (row(label=-1), ["line 3", "label -1 lies outside"]),
    "label in words": (row(label="yes"), ["line 3", "label 'yes' is no number", "label_names"]),
    "label that names nothing": (
        lambda w: (w.change_source(label_names=["neg", "pos"]), w.change_row(label="poss")),
        ["label 0 names none of the options"],
    ),
    "id twice": (row(id=1), ["line 3: id '1' stands in line 2 too", "give every row its own"]),
    "id missing": (row(id=None), ["line 3", "'id' is empty"]),
    "row with one option": (own_options("a"), ["line 3", "has 1 options", "at least two"]),
    "row with an empty option": (own_options("a", " "), ["line 3", "option ' '", "not empty"]),
    "row with equal options": (own_options("a", "a "), ["line 3", "option 'a' twice"]),
    "evidence outside its field": (
        lambda w: (
            w.change_source(evidence={"text": "spans"}, splits={"evaluation": "test.jsonl"}),
            w.write_rows("test.jsonl", [r | {"spans": [[0, 99]]} for r in w.rows()]),
        ),
        ["line 1", "evidence [0, 99]", "7 characters"],
    ),
    "CSV without the column": (
        csv_table,
        ["test.csv: line 2: no column 'text'", "did you mean 'txet'?"],
    ),
    "CSV with a cell too many": (
        lambda w: (csv_table(w), w.write_data("test.csv", b"id,text,label\n1,Good, bad,1\n")),
        ["test.csv: line 2: 4 cells for 3 columns", "quote"],
    ),
    "Parquet that is none": (
        lambda w: (
            w.write_data("test.parquet", b"PAR1"),
            w.change_source(splits={"evaluation": "test.parquet"}),
        ),
        ["no readable Parquet file", "write it again"],
    ),
    "too little calibration text": (
        data("text.txt", b"One.\n"),
        ["has 1 texts", "reads 2", "lower samples to 1"],
    ),
}
