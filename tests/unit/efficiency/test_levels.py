"""Real models on disk, every level in its own process."""

import io
import json
import os
import signal
import sys

import pytest
from safetensors.torch import load_file
from small_models import byte_level_tokenizer
from workflow_copy import forking_python
from zoo import tiny_model

from keepfaith.artifacts.schemas import EFFICIENCY
from keepfaith.efficiency import level as level_process
from keepfaith.efficiency.measure import EfficiencyError, fitting_contexts, measure_efficiency
from keepfaith.efficiency.status import SIGNALLED, as_status, in_words
from keepfaith.models.components import Component
from keepfaith.models.export import export
from keepfaith.models.removal import PrunableModel

ORDER = [Component(2), Component(0), Component(1, "mlp")]


@pytest.fixture(scope="module", params=["llama", "gpt2"])
def family(request):
    return request.param


@pytest.fixture(scope="module")
def python(family):
    """One family is measured by a Python that is started, as in use; the other by forks, which import nothing."""
    with pytest.MonkeyPatch.context() as patch:
        if family == "gpt2":
            patch.setattr(sys, "executable", forking_python(os.environ))
        yield


@pytest.fixture(scope="module")
def folder(python, family, tmp_path_factory):
    path = tmp_path_factory.mktemp(family)
    tiny_model(family).save_pretrained(path)
    byte_level_tokenizer().save_pretrained(path)
    return path


@pytest.fixture(scope="module")
def table(folder):
    return measure_efficiency(folder, ORDER, [0, 1, 2, 3], [8, 24], 4, device="cpu", repeats=2)


def test_every_level_and_context_is_there(table):
    assert dict(table.schema) == dict(EFFICIENCY.columns)
    assert table.select("level", "context_tokens").rows() == [
        (level, context) for level in range(4) for context in (8, 24)
    ]
    assert (table["prefill_seconds"] > 0).all() and (table["decode_tokens_per_second"] > 0).all()
    assert (table["peak_bytes"] >= table["loading_peak_bytes"]).all()


def test_the_cache_falls_as_arithmetic_says(table, family):
    heads = 2 if family == "llama" else 4
    for level, dropped in enumerate([0, 1, 2, 2]):
        expected = ((4 - dropped) * 2 * heads * 8 + dropped * 2) * 4
        found = table.filter(level=level)
        assert found["cache_bytes_per_token"].to_list() == [expected] * 2
        assert found["cache_bytes_per_token_expected"].to_list() == [expected] * 2


def test_weights_fall_by_those_that_are_dropped(table, family, folder, tmp_path):
    dense = PrunableModel(tiny_model(family))
    parameters = dense.model.num_parameters()
    for level in range(4):
        gone = sum(
            parameter.numel()
            for sublayer in dense.removable(ORDER[:level])
            for parameter in dense.toggles[sublayer].module.parameters()
        )
        row = table.filter(level=level).row(0, named=True)
        assert row["parameters"] == parameters - gone
        assert row["weight_bytes"] == 4 * (parameters - gone)
        export(folder, ORDER[:level], tmp_path / f"{level}", "slim")
        written = load_file(tmp_path / f"{level}" / "model.slim.safetensors")
        assert row["disk_bytes"] == sum(t.numel() * t.element_size() for t in written.values())


def test_a_level_that_fails_is_an_error(folder, tmp_path):
    broken = tmp_path / "broken"
    broken.mkdir()
    for path in folder.iterdir():
        (broken / path.name).write_bytes(path.read_bytes())
    content = json.loads((broken / "config.json").read_text())
    for name in ("hidden_size", "n_embd"):
        if name in content:
            content[name] = 64
    (broken / "config.json").write_text(json.dumps(content))
    with pytest.raises(EfficiencyError, match="level 0: its process ended with exit status 1"):
        measure_efficiency(broken, ORDER, [0], [8], 2, device="cpu")


def test_contexts_beyond_the_model_are_measured_as_far_as_it_goes(folder):
    table = measure_efficiency(
        folder, ORDER, [0], [4, 60, 500], 4, longest=64, device="cpu", repeats=1
    )
    assert table["context_tokens"].to_list() == [4, 60]
    assert fitting_contexts([500, 8], 4, None) == [8, 500]
    with pytest.raises(EfficiencyError, match=r"efficiency.new_tokens: 64 leave no room .* 63"):
        fitting_contexts([4], 64, 64)


def test_a_killed_level_is_said_to_be_killed():
    assert in_words(as_status(-9)) == "was killed by SIGKILL (out of memory?)"
    assert in_words(SIGNALLED + 11) == "was killed by SIGSEGV"
    for status in (1, 255):
        assert (
            in_words(as_status(status))
            == f"ended with exit status {status}; see its last lines in the log above"
        )


def test_a_signal_is_told_from_a_status(folder, monkeypatch):
    request = {
        "folder": str(folder), "dropped": [], "dtype": "float32", "device": "cpu", "threads": 1,
        "contexts": [4], "new_tokens": 1, "repeats": 1,
    }  # fmt: skip
    monkeypatch.setattr(level_process, "_report", lambda _: os.kill(os.getpid(), signal.SIGKILL))
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps([request])))
    assert level_process.main() == SIGNALLED + 9
