"""The benchmarks run, on tiny models; where they compare with a peer, both sides agree."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
SMALL = {
    "rationale": ["--samples", "3"],
    "path": ["--prompts", "2", "--pairs", "2"],
    "scoring": ["--examples", "6"],
    "limit": ["--examples", "10", "20", "--rounds", "1"],
    "efficiency": ["--contexts", "16"],
    "dry_run": [],
    "gpu": ["--prompts", "2", "--pairs", "2"],
}


def run(name, folder, *arguments):
    command = [sys.executable, BENCHMARKS / f"{name}.py", "--small", "--folder", folder, *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads((folder / f"{name}.json").read_text())


def test_every_benchmark_is_run_here():
    assert {path.stem for path in BENCHMARKS.glob("*.py")} == set(SMALL)


@pytest.mark.parametrize("name", SMALL)
def test_benchmark(name, tmp_path):
    found = run(name, tmp_path, *SMALL[name])
    assert found["machine"]["threads"] >= 1 and found["rows"]
    if name in ("path", "scoring"):
        assert max(row["largest_difference"] for row in found["rows"]) <= 1e-4
    if name in ("path", "gpu"):
        assert len(found["rows"]) == 4 and found["geometric_mean"] > 0
    if name in ("limit", "gpu"):
        # No bound from above: a busy machine, or one without fast bfloat16 products, may measure any ratio.
        unit = "gflops" if name == "limit" else "tflops"
        for row in found["rates"]:
            scoring, limit = row[f"scoring_{unit}"], row[f"matrix_product_{unit}"]
            assert scoring > 0 and limit > 0
            assert row["ratio"] == pytest.approx(scoring / limit, rel=1e-3)
    if name == "efficiency":
        assert [row["dropped"] for row in found["rows"]] == [0, 1, 2]
        # A dropped layer still counts its tokens: two numbers in place of 64.
        assert found["rows"][2]["kv_ratio"] == pytest.approx(0.5 + 2 * 2 / (4 * 64), abs=1e-4)
    if name == "limit":
        assert [row["examples"] for row in found["rows"]] == [10, 20]


def test_operations_are_counted_as_the_model_does_them(monkeypatch):
    """Against PyTorch's own counter, which counts attention to later tokens as well."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import torch
    from setup.flops import forward
    from setup.llama import TINY, random_llama
    from torch.utils.flop_counter import FlopCounterMode

    length = 24
    model = random_llama(TINY)
    model.set_attn_implementation("eager")  # the counter knows no fused attention on a CPU
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(torch.randint(3, TINY.vocabulary, (1, length)), use_cache=False)
    unseen = 4 * TINY.hidden * TINY.layers * length * (length - 1) // 2
    assert counter.get_total_flops() - unseen == pytest.approx(
        forward(TINY, [length], length), rel=1e-3
    )
