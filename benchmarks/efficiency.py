"""What dropping attention saves, measured: KV cache, prefill, decoding, and the memory of loading.

The work: a 16-layer Llama of 118 M parameters with random weights, saved to a folder; levels 0, 4 and 8 (none, a
quarter and half of the attention layers, deepest first), each loaded from that folder without the weights that it
drops, in a process of its own. Published beside it: LLM-Drop reports 48.4 % more speed for Llama-2-70B without half of
its attention layers (arXiv:2406.15786), on GPUs.

    python benchmarks/efficiency.py [--contexts 128 512]

Prints a table and writes results/benchmarks/efficiency.json.
"""

import tempfile

import torch
from setup.command import command, folder_of
from setup.llama import LARGE, TINY, random_llama, word_tokenizer
from setup.record import record

from keepfaith.efficiency.measure import measure
from keepfaith.models.components import Component


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
        table = measure(
            folder,
            order,
            levels,
            options.contexts,
            new_tokens=32,
            device="cpu",
            threads=torch.get_num_threads(),
        )
    rows = []
    for row in table.iter_rows(named=True):
        dense = table.filter(level=0, context_tokens=row["context_tokens"]).row(0, named=True)
        saved = dense["weight_bytes"] - row["weight_bytes"]
        rows.append(
            {
                "context": row["context_tokens"],
                "dropped": f"{row['level']} of {shape.layers}",
                "kv_bytes_per_token": row["cache_bytes_per_token"],
                "kv_ratio": round(row["cache_bytes_per_token"] / dense["cache_bytes_per_token"], 4),
                "prefill_speedup": round(dense["prefill_seconds"] / row["prefill_seconds"], 3),
                "decode_speedup": round(
                    row["decode_tokens_per_second"] / dense["decode_tokens_per_second"], 3
                ),
                "weights_mib": round(row["weight_bytes"] / 2**20, 1),
                "weights_saved_mib": round(saved / 2**20, 1),
                "loading_peak_saved_mib": round(
                    (dense["loading_peak_bytes"] - row["loading_peak_bytes"]) / 2**20, 1
                ),
                "peak_mib": round(row["peak_bytes"] / 2**20, 1),
            }
        )
    record("efficiency", folder_of(options), rows, parameters=shape.parameters)


if __name__ == "__main__":
    main()
