"""Measurement of one level in its own process: dropped weights are never loaded, no other level's memory counts.

Run as `python -m keepfaith.efficiency.level`: a list of requests is read from standard input as JSON; per request one
JSON line with its rows is written to standard output. The parent process does nothing else, so that it can fork
before any thread or device is used, and torch is imported once.
"""

import json
import multiprocessing
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from transformers import PreTrainedModel

from keepfaith.efficiency.arithmetic import (
    cache_bytes_per_token,
    decode_bytes,
    prefill_operations,
    weight_bytes_on_disk,
)
from keepfaith.efficiency.memory import PeakMemory, devices
from keepfaith.efficiency.status import as_status
from keepfaith.models.components import Component, Sublayer, sublayers_of
from keepfaith.models.generation import generate_greedily
from keepfaith.models.loading import choose_device, load_model
from keepfaith.models.slim import skipped


@dataclass(frozen=True)
class Request:
    """A level to measure.

    Attributes:
        folder: a model folder.
        dropped: (layer, kind) of every component that the level drops.
        dtype, device, threads: for running the model.
        contexts: prompt lengths in tokens.
        new_tokens: tokens decoded after each prompt.
        repeats: timings, of which the fastest counts: other processes can only slow one down.
    """

    folder: str
    dropped: list[tuple[int, Any]]
    dtype: str
    device: str
    threads: int
    contexts: list[int]
    new_tokens: int
    repeats: int


def measure_level(request: Request) -> list[dict[str, float | int]]:
    """One row per context; see EFFICIENCY for the columns."""
    torch.set_num_threads(request.threads)
    device = choose_device(request.device)
    memory = PeakMemory(device)
    components = [Component(layer, kind) for layer, kind in request.dropped]
    model = load_model(request.folder, request.dtype, request.device, components)
    _read_all(model)
    loading = memory.taken()
    # A folder that was exported lacks sub-layers itself.
    gone = skipped(model.config)
    return [
        {
            "context_tokens": context,
            "parameters": model.num_parameters(),
            "weight_bytes": sum(p.numel() * p.element_size() for p in model.parameters()),
            "disk_bytes": weight_bytes_on_disk(request.folder, sublayers_of(components)),
            "loading_peak_bytes": loading,
            **_run(model, context, request, gone),
            "peak_bytes": memory.taken(),
        }
        for context in sorted(request.contexts)
    ]


def _read_all(model: PreTrainedModel) -> None:
    """Read every weight once: files are mapped lazily, so a weight takes memory only when it is first read."""
    with torch.inference_mode():
        for weight in model.parameters():
            weight.max()


def _run(
    model: PreTrainedModel, context: int, request: Request, gone: frozenset[Sublayer]
) -> dict[str, float]:
    vocabulary = int(model.config.get_text_config(decoder=True).vocab_size)
    tokens = torch.randint(vocabulary, (1, context), generator=torch.Generator().manual_seed(0))
    tokens = tokens.to(model.device)
    with torch.inference_mode():
        cache_bytes, cached = _cache_of_generate(model, tokens, request.new_tokens)
        prefill, decode = [], []
        for _ in range(request.repeats):
            seconds, out = _timed(
                partial(model, input_ids=tokens, use_cache=True, logits_to_keep=1)
            )
            prefill.append(seconds)
            decode.append(_timed(partial(_decode, model, out, request.new_tokens))[0])
    return {
        "cache_bytes_per_token": cache_bytes,
        "cache_bytes_per_token_expected": cache_bytes_per_token(model, gone, cached),
        "prefill_seconds": min(prefill),
        "prefill_operations": prefill_operations(model, gone, context),
        "decode_tokens_per_second": request.new_tokens / min(decode),
        "decode_bytes": decode_bytes(model, gone, context),
    }


def _decode(model: PreTrainedModel, out: Any, new_tokens: int) -> None:
    """Greedy decoding, one token at a time."""
    for _ in range(new_tokens):
        token = out.logits[:, -1:].argmax(-1)
        out = model(input_ids=token, past_key_values=out.past_key_values, use_cache=True)


def _cache_of_generate(
    model: PreTrainedModel, tokens: torch.Tensor, new_tokens: int
) -> tuple[float, int]:
    """From a real call of `generate`: bytes of all keys and values per cached token, and the number of these tokens."""
    out = generate_greedily(model, tokens, torch.ones_like(tokens), new_tokens)
    cache = out.past_key_values
    held = [tensor for layer in cache.layers for tensor in (layer.keys, layer.values)]
    size: int = sum(t.numel() * t.element_size() for t in held if t is not None)
    cached = int(cache.get_seq_length())
    return size / cached, cached


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    _finish()
    started = time.perf_counter()
    result = work()
    _finish()
    return time.perf_counter() - started, result


def _finish() -> None:
    for each in devices():
        torch.cuda.synchronize(each)


def main() -> int:
    """Measure all requests; return the exit status of the first that fails, as in a shell, else 0."""
    for content in json.load(sys.stdin):
        request = Request(**content)
        process = multiprocessing.get_context("fork").Process(target=_report, args=(request,))
        process.start()
        process.join()
        if process.exitcode:
            return as_status(process.exitcode)
    return 0


def _report(request: Request) -> None:
    print(json.dumps(measure_level(request)), flush=True)


if __name__ == "__main__":
    sys.exit(main())
