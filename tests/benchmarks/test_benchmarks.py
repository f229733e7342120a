"""The benchmarks run, on tiny models; where they compare with a peer, both sides agree."""

import csv
import json
import os
import subprocess
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from workflow_copy import forking_python

from keepfaith.config.shipped import BUILTIN_CHECKPOINT

TESTS = Path(__file__).resolve().parents[1]
BENCHMARKS = TESTS.parent / "benchmarks"
SMALL = {
    "rationale": ["--samples", "3"],
    "coalitions": ["--lengths", "24", "--segments", "3", "4", "--captum-samples", "4"],
    "path": ["--prompts", "2", "--pairs", "2"],
    "removal": [],
    "scoring": ["--examples", "6"],
    "limit": ["--examples", "10", "20", "--rounds", "1"],
    "efficiency": ["--contexts", "16"],
    "dry_run": [],
    "gpu": ["--prompts", "2", "--pairs", "2"],
    "truth": [],
    "harness": ["--shots", "0", "2"],
    "plan": [],
    "page": [],
}


def run(name, folder, *arguments):
    script = BENCHMARKS / f"{name}.py"
    command = [forking_python(os.environ), script, "--small", "--folder", folder, *arguments]
    ended = subprocess.run(
        list(map(str, command)), cwd=BENCHMARKS.parent, capture_output=True, text=True, timeout=1200
    )
    assert ended.returncode == 0, ended.stderr
    return json.loads((folder / f"{name}.json").read_text())


def test_every_benchmark_is_run_here():
    assert {path.stem for path in BENCHMARKS.glob("*.py")} == set(SMALL)


@pytest.mark.parametrize("name", SMALL)
def test_benchmark(name, tmp_path):
    found = run(name, tmp_path, *SMALL[name])
    assert found["machine"]["threads"] >= 1 and found["rows"]
    if name in ("path", "scoring"):
        assert max(row["largest_difference"] for row in found["rows"]) <= 1e-4
    with (tmp_path / f"{name}.csv").open() as file:
        assert len(list(csv.DictReader(file))) == len(found["rows"])
    if name in ("path", "gpu"):
        assert len(found["rows"]) == 4 and found["geometric_mean"] > 0
    if name in ("limit", "gpu"):
        # No bound from above: a busy machine, or one without fast bfloat16 products, may measure any ratio.
        unit = "gflops" if name == "limit" else "tflops"
        for row in found["rates"]:
            scoring, limit = row[f"scoring_{unit}"], row[f"matrix_product_{unit}"]
            assert scoring > 0 and limit > 0
            assert row["ratio"] == pytest.approx(scoring / limit, rel=1e-3)
    if name == "plan":
        measured = {row["rule"]: row["measured_s"] for row in found["rows"]}
        assert {"predict", "attribute", "score_coalitions", "rank_layers"} < set(measured)
        assert all(row["not_found"] == 0 and row["measured_s"] > 0 for row in found["rows"])
        assert measured.pop("all") == pytest.approx(
            sum(measured.values()), abs=0.01 * len(measured)
        )
    if name == "page":
        assert 0 < found["rows"][0]["megabytes"] < 20
    if name == "efficiency":
        assert [row["dropped"] for row in found["rows"]] == [0, 1, 2]
        # A dropped layer still counts its tokens: two numbers in place of 64.
        assert found["rows"][2]["kv_ratio"] == pytest.approx(0.5 + 2 * 2 / (4 * 64), abs=1e-4)
    if name == "harness":
        assert found["all_requests_equal"] and len(found["rows"]) == 12
        for row in found["rows"]:
            assert row["requests_equal"] == row["requests"] and row["acc"] == row["harness_acc"]
            assert row["harness_acc_norm"] in (None, row["acc_norm"])
            assert row["largest_difference"] <= 1e-4 and row["prompts_cut"] == 0
        assert sum(row["chat_template"] for row in found["rows"]) == 2
    if name == "removal":
        assert_taus_are_those_of_the_means(found)
    if name == "limit":
        assert [row["examples"] for row in found["rows"]] == [10, 20]


def assert_taus_are_those_of_the_means(found):
    """Counted pair by pair: concordant less discordant, over those that are not tied (tau-b)."""
    assert [row["operators"] for row in found["agreement"]] == [
        "attention_mask, delete", "attention_mask, replace", "delete, replace",
    ]  # fmt: skip
    for row in found["agreement"]:
        pairs = []
        for one, other in combinations(found["rows"], 2):
            names = row["operators"].split(", ")
            pairs.append([np.sign(one[name] - other[name]) for name in names])
        signs = np.array(pairs)
        expected = signs.prod(axis=1).sum() / np.sqrt((signs**2).sum(axis=0).prod())
        assert row["kendall_tau"] == pytest.approx(expected, abs=1e-3)
        assert -1 <= row["low"] <= row["high"] <= 1


def test_the_table_of_coalitions_is_counted_as_it_is_fed(tmp_path):
    """Two prompts of 24 words, 10 of them template, at levels 0..4; explained by two methods with three seeds."""
    found = run("coalitions", tmp_path, *SMALL["coalitions"])
    rows = {(row["way"], row["segments"]): row for row in found["rows"]}
    for segments in (3, 4):
        plain, table = rows["plain rows", segments], rows["table", segments]
        kept = 2 ** (segments - 1) * 14  # every word of the text is kept by half of the subsets
        assert plain["rows"] == 2 * 2**segments
        assert plain["tokens"] == 2 * (kept + 2**segments * 10)
        assert plain["largest_difference"] <= 1e-4
        assert table["tokens"] <= plain["tokens"]
        assert table[f"seconds_times_{segments}"] == 1
    samples, judged = 2 * 3 * 3 * 24, 2 * 3 * 2 * 5
    assert rows["captum", None]["rows"] == 2 * 5 * (samples + judged)
    lengths = [int(share * 24) for share in (0.1, 0.2, 0.3, 0.4, 0.5)]
    fed = 6 * sum(24 - length + length for length in lengths)
    assert rows["captum", None]["tokens"] == 2 * 5 * (samples * 24 + fed)
    # Each level keeps the layers below those it drops, and one sweep computes every layer once.
    assert found["sharing"][0]["order"] == "3 2 1 0"
    assert found["sharing"][0]["computed_by_arithmetic"] == pytest.approx(4 / (4 + 3 + 2 + 1))


@pytest.mark.parametrize("name", ["coalitions", "path", "scoring"])
def test_a_real_model_stands_beside_the_random_one(name, tmp_path):
    more = {"path": ["--model-lengths", "6"], "scoring": ["--model-examples", "2"]}
    arguments = [*SMALL[name], *more.get(name, []), "--model", BUILTIN_CHECKPOINT]
    found = run(name, tmp_path, *arguments)
    assert {row["model"] for row in found["rows"]} == {"random", BUILTIN_CHECKPOINT.name}
    differences = [row["largest_difference"] for row in found["rows"]]
    assert max(value for value in differences if value is not None) <= 1e-4


def test_a_sample_of_batches_has_the_values_of_the_whole(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    from setup.llama import TINY, random_inputs, random_llama
    from setup.sampled import SampledScorer

    from keepfaith.models.removal import PrunableModel
    from keepfaith.scoring.scorer import OptionScorer

    model, order, levels = PrunableModel(random_llama(TINY)), [3, 1, 0, 2], [0, 2, 4]
    inputs = random_inputs(TINY, 12, (6, 20), seed=0)
    expected = OptionScorer(model, order).log_likelihoods(inputs, levels)
    for batches in (0, 2):
        scorer = SampledScorer(model, order, batches, token_budget=40)
        cost, _ = scorer.cost(lambda scorer=scorer: scorer.log_likelihoods(inputs, levels))
        assert cost.tokens == sum(len(item.prompt_ids) for item in inputs) and cost.rows == 12
        assert cost.timed == len(scorer.fed) and (cost.timed == 12) == (batches == 0)
        assert ("scaled" in cost.basis) == (batches > 0)
        for item, values in zip(inputs, expected, strict=True):
            if item in scorer.fed:
                np.testing.assert_allclose(scorer.fed[item], values, atol=1e-5)


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
