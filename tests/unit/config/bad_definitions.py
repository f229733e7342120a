"""Ways to spoil an entry of the catalog, each with words that the one line of its refusal must hold."""

from spoils import HUB, Cases, entry, method, model, source, task, trained_on_nothing
from world import World


def few_shot_without_training(world: World) -> None:
    splits = {"evaluation": "test.jsonl"}
    world.change_task(few_shot=2, sources={"local": {"splits": splits}})


BAD: Cases = {
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
    "prompt in single quotes with an escape": (
        task(prompt="{text}\\nAnswer:"),
        ["prompt has a backslash and the letter n", "double quotes"],
    ),
    "prompt with the braces of another template language": (
        task(prompt="{{text}}\nAnswer:"),
        ["'{{text}}'", "type {text}"],
    ),
    "prompt with blanks in the braces": (
        task(prompt="{{ text }}\nAnswer:"),
        ["'{{ text }}'", "type {text}"],
    ),
    "prompt with a column in capitals": (
        task(prompt="{Review Text}\nAnswer:"),
        ["{Review Text} is no field name", "columns: {review_text: Review Text}"],
    ),
    "prompt with a list element": (
        task(prompt="{text}, {choices.0}\nAnswer:"),
        ["{choices.0} is no field name", "columns: {choices_0: choices.0}"],
    ),
    "one column of options in a list": (
        source(options=["choices"]),
        ["sources.local.options: a list has a column for each choice", "type its name alone"],
    ),
    "column of options twice": (source(options=["a", "a"]), ["'a' is listed twice"]),
    "few-shot without a training split": (
        few_shot_without_training,
        ["task tiny: few_shot", "has no training split", "add splits.training"],
    ),
    "more few-shot than rows": (
        task(few_shot=5),
        ["task tiny: few_shot", "has 4 rows that are not evaluated", "type at most 4"],
    ),
    "more explained examples of a task than evaluated": (
        task(examples={"evaluation": 2, "explanation": 3}),
        ["task tiny: examples.explanation", "type at most 2"],
    ),
    "seed of one task": (task(examples={"seed": 3}), ["examples", "'seed'"]),
    "few-shot of nothing": (task(few_shot=0), ["few_shot", "at least 1"]),
    "prompt that ends in a space": (
        task(prompt="{text}\nAnswer: "),
        ["ends in white space", "without", 'delimiter: ""'],
    ),
    "delimiter that holds text": (
        task(delimiter=" Answer: "),
        ["delimiter: ' Answer: ' holds more than white space", "end of the prompt"],
    ),
    "delimiter that is an escape in single quotes": (
        task(delimiter="\\n"),
        ["delimiter", "more than white space"],
    ),
    "delimiter of nothing": (task(delimiter=None), ["delimiter: expected text, got None"]),
    "skip that is none": (source(skip=["unlabeled"]), ["skip", "did you mean 'unlabelled'?"]),
    "skip that is no list": (source(skip="empty"), ["skip: expected a list", "type [empty]"]),
    "skip twice": (source(skip=["empty", "empty"]), ["'empty' is listed twice"]),
    "label map beside label names": (
        source(label_map={"a": 0}, label_names=["a", "b"]),
        ["label_map and label_names both", "leave one"],
    ),
    "label map without values": (source(label_map={}), ["label_map is empty", "name at least"]),
    "label map to a name": (
        source(label_map={"a": "yes"}),
        ["sources.local.label_map", "'yes'"],
    ),
    "only without values": (source(only={"label": []}), ["only.label", "add one"]),
    "only with one value": (source(only={"label": 1}), ["only.label", "[1]"]),
    "label name twice": (source(label_names=["a", "a "]), ["label_names: 'a' is listed twice"]),
    "one option": (task(options=["yes"]), ["at least two choices", "add"]),
    "empty option": (task(options=["yes", ""]), ["choice 1 is empty", "type"]),
    "equal options": (task(options=["yes", "yes"]), ["'yes' is listed twice"]),
    "option with a space": (task(options=["no", " yes"]), ["white space around it", "type 'yes'"]),
    "yes and no without quotes": (
        task(options=[False, True]),
        ["options.0: expected text, got False", "quotes"],
    ),
    "options of both kinds": (source(options="choices"), ["sources.local.options", "not both"]),
    "no options at all": (task(options=None), ["sources.local.options", "not neither"]),
    "no source": (task(sources={}), ["needs a source", "builtin, hub or local"]),
    "harness beside another source": (
        task(
            prompt=None,
            fields=None,
            options=None,
            sources={"harness": {"task": "piqa"}, "builtin": {"generator": "sentiment"}},
        ),
        ["harness stands alone", "leave the other sources out"],
    ),
    "prompt of a harness task": (
        task(options=None, sources={"harness": {"task": "piqa"}}),
        ["prompt: sources.harness gives it", "leave prompt out"],
    ),
    "choices of a harness task": (
        task(prompt=None, fields=None, sources={"harness": {"task": "piqa"}}),
        ["options: sources.harness gives the choices"],
    ),
    "few-shot of a harness task": (
        task(
            prompt=None,
            fields=None,
            options=None,
            few_shot=2,
            sources={"harness": {"task": "piqa"}},
        ),
        ["few_shot: type num_fewshot in sources.harness"],
    ),
    "column of an unknown field": (source(columns={"txt": "t"}), ["unknown field 'txt'", "'text'"]),
    "training on evaluation": (
        source(splits={"evaluation": "test.jsonl", "training": "test.jsonl"}),
        ["training and evaluation are the same split", "name another"],
    ),
    "label names too few": (source(label_names=["no"]), ["1 names for 2 choices"]),
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
        entry("orders", {"description": "T.", "criterion": "cosin"}),
        ["unknown criterion 'cosin'", "'cosine'"],
    ),
    "text in an order, as it was once": (
        entry(
            "orders",
            {"description": "T.", "criterion": "cosine", "calibration_text": {"source": "builtin"}},
        ),
        ["orders/tiny.yaml: calibration_text", "config/catalog/texts/NAME.yaml", "text: NAME"],
    ),
    "unknown kind of text": (
        entry("texts", {"description": "T.", "source": {"kind": "locl", "path": "text.txt"}}),
        ["texts/tiny.yaml: source: kind 'locl' is not known", "'local'"],
    ),
    "text as it stood in an order": (
        entry("texts", {"description": "T.", "source": {"source": "local", "path": "text.txt"}}),
        ["source: needs 'kind', one of hub, local, builtin", "add it"],
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
    "setting of another method": (
        method(settings={"steps": 3}),
        ["lime.yaml: settings: unknown key 'steps'; there are: maximum_samples, samples_per_token"],
    ),
    "misspelt setting": (
        method(settings={"sample_per_token": 3}),
        ["lime.yaml: settings: unknown key", "did you mean 'samples_per_token'?"],
    ),
    "setting out of range": (
        method(settings={"samples_per_token": 0}),
        ["lime.yaml: settings.samples_per_token: must be at least 1, got 0; type 1 or more"],
    ),
    "setting of a method that has none": (
        method(method="random", settings={"steps": 3}),
        ["lime.yaml: settings: unknown key 'steps'; there are none"],
    ),
    "settings that are no block": (
        method(settings=3),
        ["lime.yaml: settings: expected keys with values, got 3"],
    ),
    "setting beside the block": (
        method(samples_per_token=7),
        ["lime.yaml: samples_per_token: is a setting of lime", "settings: {samples_per_token: 7}"],
    ),
    "steps beside the block": (
        method(method="integrated_gradients", steps=7),
        ["lime.yaml: steps: is a setting of integrated_gradients", "settings: {steps: 7}"],
    ),
    "several seeds of a method that draws nothing": (
        method(method="input_x_gradient", seeds=[4, 5]),
        ["lime.yaml: seeds: input_x_gradient draws nothing", "type [4]"],
    ),
    "chat template that the model lacks": (
        model(chat_template=True),
        ["model tiny: chat_template", "has no chat template", "leave chat_template out"],
    ),
    "chat template of a model in training": (
        model(source={"kind": "train"}, chat_template=True),
        ["chat_template: a model that the workflow trains has no chat template"],
    ),
    "nothing to train on": (trained_on_nothing, ["no selected task has one", "splits.training"]),
    # Models.
    "no model folder": (
        model(source={"kind": "local", "path": "tyni"}),
        ["there is no folder", "tyni"],
    ),
}
