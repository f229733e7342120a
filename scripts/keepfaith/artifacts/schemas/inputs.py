"""What a study starts from: examples, texts, the order of a model and its cost."""

import polars as pl

from keepfaith.artifacts.schemas.declaration import TableSchema

_SPAN = pl.Struct({"start": pl.Int64, "end": pl.Int64})
_FIELD = pl.Struct({"name": pl.String, "start": pl.Int64, "end": pl.Int64})
_OUTSIDE = pl.Struct({"name": pl.String, "text": pl.String})

EXAMPLES = TableSchema(
    "examples",
    4,
    "One labelled example of a task: its prompt, the character spans of its fields in the prompt (template text "
    "lies outside them), choices as continuations, and the subsets it belongs to. `outside`: name and "
    "comparable form of texts that are not in the prompt: those that `passage` names, and in imports those of the "
    "logged document that several examples share; null elsewhere. `contexts`: the prompt of each choice, where it "
    "differs by choice; then `continuation`, the same for all, is what is scored after each, and `prompt` shows the "
    "blank that the choices fill. Both are null elsewhere.",
    {
        "example_id": pl.String,
        "row": pl.Int64,
        "prompt": pl.String,
        "fields": pl.List(_FIELD),
        "outside": pl.List(_OUTSIDE),
        "options": pl.List(pl.String),
        "contexts": pl.List(pl.String),
        "continuation": pl.String,
        "label": pl.Int64,
        "rationale": pl.List(_SPAN),
        "posterior": pl.List(pl.Float64),
        "evaluation": pl.Boolean,
        "explanation": pl.Boolean,
        "tuning": pl.Boolean,
    },
)

TEXTS = TableSchema("texts", 1, "One sample of calibration text.", {"text": pl.String})

ORDER = TableSchema(
    "order",
    2,
    "One dropped component: the attention, the MLP or the block of a layer, its score under the criterion and its "
    "position in the order (1 is dropped first).",
    {"position": pl.Int64, "layer": pl.Int64, "component": pl.String, "score": pl.Float64},
)

CHECKPOINTS = TableSchema(
    "checkpoints",
    1,
    "One level of an order of kind checkpoints: its label, the checked folder that it is loaded from, where that comes "
    "from (`local` or the hub's repository, with its commit), model type, layers, and the digest of all of its files.",
    {
        "level": pl.Int64,
        "label": pl.String,
        "folder": pl.String,
        "source": pl.String,
        "revision": pl.String,
        "model_type": pl.String,
        "layers": pl.Int64,
        "files": pl.String,
    },
)

STABILITY = TableSchema(
    "stability",
    1,
    "One component in the order that a criterion gives on another draw of calibration text: its position by the "
    "draw's seed and number of samples.",
    {
        "seed": pl.Int64,
        "samples": pl.Int64,
        "position": pl.Int64,
        "layer": pl.Int64,
        "component": pl.String,
        "score": pl.Float64,
    },
)

EFFICIENCY = TableSchema(
    "efficiency",
    2,
    "Cost of one level after a prompt of one length, batch 1: weights, KV cache, prefill, decoding, peak memory. "
    "Peaks count from before the model was loaded. By arithmetic, not measured: bytes on disk, the expected cache, the "
    "floating-point operations of the prefill, and the bytes that are read per decoded token.",
    {
        "level": pl.Int64,
        "context_tokens": pl.Int64,
        "parameters": pl.Int64,
        "weight_bytes": pl.Int64,
        "disk_bytes": pl.Int64,
        "cache_bytes_per_token": pl.Float64,
        "cache_bytes_per_token_expected": pl.Float64,
        "prefill_seconds": pl.Float64,
        "prefill_operations": pl.Float64,
        "decode_tokens_per_second": pl.Float64,
        "decode_bytes": pl.Float64,
        "loading_peak_bytes": pl.Int64,
        "peak_bytes": pl.Int64,
    },
)
