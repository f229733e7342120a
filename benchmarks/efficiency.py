"""Measured savings of dropping attention: KV cache, prefill, decoding, and the memory of loading.

The work: a 16-layer Llama of 118 M parameters with random weights, saved to a folder; levels 0, 4 and 8 (none, a
quarter and half of the attention layers, deepest first), each loaded from that folder without the weights that it
drops, in its own process. The table also has the factors expected by arithmetic (operations of the prefill, bytes read
per decoded token) and published factors of larger models on GPUs.

    python benchmarks/efficiency.py [--contexts 128 512]

Prints a table and writes results/benchmarks/efficiency.json.
"""

import tempfile

import torch
from setup.command import command, folder_of
from setup.llama import LARGE, TINY, random_llama, word_tokenizer
from setup.record import record

from keepfaith.efficiency.measure import measure_efficiency
from keepfaith.models.components import Component

REPEATS = 12
"""Timings, of which the fastest counts."""

PUBLISHED = (
    "Llama-2-70B without half of its attention layers: speed 1.484 (LLM-Drop, arXiv:2406.15786)",
    "13B models without 20 to 40 % of them: throughput up to 1.30 (Gate-Norm, arXiv:2512.20636)",
)
"""Measured by others, on GPUs."""


def main() -> None:
    arguments = command(__doc__)
    arguments.add_argument("--contexts", type=int, nargs="+", default=[128, 512])
    options = arguments.parse_args()
    shape = TINY if options.small else LARGE
    order = [Component(layer) for layer in reversed(range(shape.layers))]
    levels = [0, shape.layers // 4, shape.layers // 2]
    with tempfile.TemporaryDirectory() as folder:
        random_llama(shape).save_pretrained(folder)
        word_tokenizer(shape.vocabulary).save_pretrained(folder)
        table = measure_efficiency(
            folder,
            order,
            levels,
            options.contexts,
            new_tokens=32,
            device="cpu",
            threads=torch.get_num_threads(),
            repeats=REPEATS,
        )
    rows = [
        _row(row, table.filter(level=0, context_tokens=row["context_tokens"]).row(0, named=True))
        for row in table.iter_rows(named=True)
    ]
    record(
        "efficiency",
        folder_of(options),
        rows,
        parameters=shape.parameters,
        layers=shape.layers,
        published=PUBLISHED,
    )


def _row(row: dict[str, float], dense: dict[str, float]) -> dict[str, object]:
    """One level after one prompt against the dense model: factors above 1 are savings."""

    def factor(column: str) -> float:
        return round(dense[column] / row[column], 3)

    def saved_mib(column: str) -> float:
        return round((dense[column] - row[column]) / 2**20, 1)

    return {
        "context": row["context_tokens"],
        "dropped": row["level"],
        "kv_bytes_per_token": row["cache_bytes_per_token"],
        "kv_ratio": round(row["cache_bytes_per_token"] / dense["cache_bytes_per_token"], 4),
        "prefill": factor("prefill_seconds"),
        "prefill_arithmetic": factor("prefill_operations"),
        "decode": round(row["decode_tokens_per_second"] / dense["decode_tokens_per_second"], 3),
        "decode_arithmetic": factor("decode_bytes"),
        "weights_mib": round(row["weight_bytes"] / 2**20, 1),
        "weights_saved_mib": saved_mib("weight_bytes"),
        "loading_peak_saved_mib": saved_mib("loading_peak_bytes"),
        "peak_mib": round(row["peak_bytes"] / 2**20, 1),
    }


if __name__ == "__main__":
    main()
