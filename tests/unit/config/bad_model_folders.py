"""Ways to spoil the folder of a local model, each with words that the one line of its refusal must hold."""

from spoils import (
    Cases,
    adapter,
    both,
    config_json,
    cut_weights,
    lost_shard,
    only_pickle,
    other_tokenizer,
    setting,
    source,
    weight_twice,
    weights,
    weights_of_layers,
    without,
)

BAD: Cases = {
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
    "tokenizer of vocabulary and merges": (
        other_tokenizer(vocab_json="{}", merges_txt=""),
        [
            "has no tokenizer.json, only merges.txt and vocab.json",
            "load and save it with transformers once: AutoTokenizer.from_pretrained('",
            "/models/tiny').save_pretrained('",
        ],
    ),
    "tokenizer of SentencePiece or tiktoken": (
        other_tokenizer(tokenizer_model="x"),
        ["has no tokenizer.json, only tokenizer.model", "AutoTokenizer.from_pretrained('"],
    ),
    "tokenizer of T5's kind": (
        other_tokenizer(spiece_model="x"),
        ["only spiece.model", "with transformers once"],
    ),
    "tokenizer of tiktoken under its own name": (
        other_tokenizer(qwen_tiktoken="x"),
        ["only qwen.tiktoken", "with transformers once"],
    ),
    "tokenizer that needs its own code": (
        other_tokenizer(
            tokenizer_model="x",
            tokenizer_config_json='{"auto_map": {"AutoTokenizer": ["x.Y", null]}}',
        ),
        ["tokenizer_config.json asks to run its own code (auto_map)", "transformers knows"],
    ),
    "tokenizer that is a pointer": (
        lambda w: (w.model / "tokenizer.json").write_text("version https://git-lfs"),
        ["tokenizer.json is not a JSON object", "Git LFS pointer"],
    ),
    "adapter": (adapter, ["is an adapter; merge it into its base model", "merge_and_unload()"]),
    "adapter without config.json": (
        both(adapter, without("config.json")),
        ["is an adapter; merge it into its base model", "name that folder"],
    ),
    "model with a shard missing": (lost_shard, ["lacks model-2.safetensors", "copy it"]),
    "model cut short": (cut_weights, ["is cut short", "fetch it again"]),
    "model that is a pointer": (
        lambda w: (w.model / "model.safetensors").write_text("version https://git-lfs"),
        ["is not a safetensors file", "Git LFS pointer"],
    ),
    "config.json that is broken": (
        lambda w: (w.model / "config.json").write_text("{"),
        ["config.json is broken JSON"],
    ),
    "config.json without layers": (
        lambda w: (w.model / "config.json").write_text("{}"),
        ["gives no num_hidden_layers"],
    ),
    "config.json without model_type": (
        config_json(model_type=None),
        ["config.json names no model_type", "save_pretrained"],
    ),
    "model with its own code": (
        config_json(model_type="own", auto_map={"AutoConfig": "x.Y"}),
        ["own code (auto_map in config.json)", "no model_type 'own'", "transformers knows"],
    ),
    "model that names its weights": (
        config_json(transformers_weights="other.safetensors"),
        ["(transformers_weights)", "rename that file to model.safetensors"],
    ),
    "layer types of another number of layers": (
        config_json(layer_types=["full_attention"] * 6),
        ["layer_types lists 6 layers, num_hidden_layers says 4", "of different models"],
    ),
    "more layers of weights than in config.json": (
        weights_of_layers(6, "input_layernorm.weight", "mlp.up_proj.weight"),
        [
            "4 weights of the checkpoint have no place in the model, first model.layers.4.input_layernorm.weight",
            "of different models",
        ],
    ),
    "model that is quantised": (
        both(
            config_json(quantization_config={"quant_method": "gptq"}),
            weights("I32", "model.layers.0.mlp.up_proj.qweight"),
        ),
        ["is quantised (gptq)", "use the checkpoint it was made from"],
    ),
    "model that is compressed": (
        both(config_json(compression_config={"format": "x"}), weights("I8", "w.weight")),
        ["is quantised (compression_config)", "use the checkpoint it was made from"],
    ),
    "plain weights said to be quantised": (
        config_json(quantization_config={"quant_method": "bitsandbytes"}),
        ["the weights are plain F32: delete quantization_config"],
    ),
    "plain weights with an empty quantisation": (
        config_json(quantization_config={}),
        ["the weights are plain F32: delete quantization_config"],
    ),
    "plain weights said to be compressed": (
        config_json(compression_config={"format": "x"}),
        ["the weights are plain F32: delete compression_config"],
    ),
    "plain weights of a language part said to be quantised": (
        config_json(text_config={"num_hidden_layers": 4, "quantization_config": {}}),
        ["the weights are plain F32: delete quantization_config"],
    ),
    "weights of whole numbers": (
        weights("I8", "a.bias", "a.weight"),
        ["2 weights are not plain numbers, first a.bias (I8 in", "F64, F32, BF16 or F16"],
    ),
    "weights of eight bits with a fraction": (
        weights("F8_E4M3", "a.weight"),
        ["1 weights are not plain numbers, first a.weight (F8_E4M3 in"],
    ),
    "packed weights without a word in config.json": (
        weights("U8", "experts.gate_up_proj_blocks"),
        ["1 weights are not plain numbers, first experts.gate_up_proj_blocks (U8 in"],
    ),
    "weight in two files": (weight_twice, ["weight w is in", "from one checkpoint"]),
    "model that a method has no rules for": (
        both(setting("methods", ["lime", "attnlrp"]), config_json(model_type="gpt2")),
        [
            "model tiny: attnlrp is not defined for 'gpt2' models, only for gemma,",
            "leave attnlrp out",
        ],
    ),
    "model whose language model a method has no rules for": (
        both(
            setting("methods", ["attnlrp"]),
            config_json(text_config={"model_type": "phi", "num_hidden_layers": 4}),
        ),
        ["model tiny: attnlrp is not defined for 'phi' models"],
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
}
