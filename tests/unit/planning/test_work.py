"""Costs worked out by hand, and what they must grow with."""

import shutil
from pathlib import Path

import pytest
import yaml

from keepfaith.config.load import load_study
from keepfaith.config.shipped import BUILTIN_CHECKPOINT
from keepfaith.config.weights import weight_size
from keepfaith.planning.plan import plan
from keepfaith.planning.work import BACKWARD, OPTION_TOKENS, START_SECONDS, Workload

ROOT = Path(__file__).parents[3]
PAPER = yaml.safe_load((ROOT / "config" / "studies" / "paper.yaml").read_text(encoding="utf-8"))


def workload(**changes: object) -> Workload:
    return Workload(load_study(PAPER | changes, [ROOT / "config" / "catalog"]))


def test_a_prediction_job_by_hand() -> None:
    found = workload().job("predict", "llama-2-7b", "cosine", "sst2")
    examples = 872 + 200  # evaluation and tuning
    tokens = examples * (38 + OPTION_TOKENS) * (1 + 0.25 * 16)
    seconds = START_SECONDS + 2 * 6.74 + 2 * 6.74e9 * tokens / 4e14
    assert found.seconds == pytest.approx(seconds)
    assert found.disk_bytes == examples * 17 * 2 * 12
    assert found.gpus == 1


def test_calibration_samples_are_as_long_as_their_texts(tmp_path: Path) -> None:
    """Samples of two lines: 84 and 42 characters between blank lines make 30 tokens, 840 and 420 more than 100."""
    (tmp_path / "lines.txt").write_text(f"{'a' * 84}\n\n{'b' * 42}\n{'c' * 840}\n{'d' * 420}\n")
    entry = {
        "description": "T.",
        "source": {"kind": "local", "path": "lines.txt", "rows_per_sample": 2},
        "samples": 2,
        "sample_tokens": 100,
    }
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "lines.yaml").write_text(yaml.safe_dump(entry))
    catalogs = [tmp_path, ROOT / "config" / "catalog"]
    raw = PAPER | {"text": "lines", "folders": {"data": str(tmp_path)}}
    job = Workload(load_study(raw, catalogs)).job("rank_layers", "llama-2-7b", "cosine")
    tokens = 2 * (30 + 100) / 2
    assert job.seconds == pytest.approx(START_SECONDS + 2 * 6.74 + 2 * 6.74e9 * tokens / 4e14)
    trained = Workload(load_study(raw | {"models": ["small_trained"]}, catalogs))
    assert (
        trained.model("small_trained").longest
        == 256
        > trained.sample_tokens("small_trained", "cosine")
        == 65
    )
    of_tasks = workload(text="builtin").job("rank_layers", "llama-2-7b", "cosine")
    assert of_tasks.seconds == pytest.approx(START_SECONDS + 2 * 6.74 + 2 * 6.74e9 * 64 * 40 / 4e14)


def test_only_levels_that_are_run_cost_something() -> None:
    """Levels 0, 4 and 8: each has rows of its own, and computes again what lies above the lowest of four layers."""
    found = workload(levels=[0, 4, 8]).job("predict", "llama-2-7b", "cosine", "sst2")
    tokens = (872 + 200) * (38 + OPTION_TOKENS) * (1 + 2 * 0.5 * 4 / 5)
    assert found.seconds == pytest.approx(START_SECONDS + 2 * 6.74 + 2 * 6.74e9 * tokens / 4e14)
    assert found.disk_bytes == (872 + 200) * 3 * 2 * 12
    all_levels = sum(job.seconds for job in workload(levels={"maximum": 8}).jobs())
    few = sum(job.seconds for job in workload(levels=[0, 4, 8]).jobs())
    assert few < all_levels / 1.5


def test_the_plan_says_which_levels_are_run() -> None:
    text = plan(workload(levels={"shares": [0.25, 0.5]}).settings)
    line = next(line for line in text.splitlines() if line.startswith("Levels: "))
    assert "0, 8, 16 of llama-2-7b" in line and "0, 4, 9 of gemma-2b" in line


def test_timings_load_every_level_in_a_process_of_its_own() -> None:
    """Four levels; one prompt of 64 tokens and 4 decoded ones, once to warm up and three times."""
    chosen = {"contexts": [64], "new_tokens": 4, "repeats": 3}
    found = workload(levels=[0, 4, 8, 16], efficiency=chosen)
    job = found.job("measure_efficiency", "llama-2-7b", "cosine")
    tokens = 4 * 4 * (100 * 4 + 64)
    seconds = 2 * START_SECONDS + 4 * 2 * 6.74 + 2 * 6.74e9 * tokens / 4e14
    assert job.seconds == pytest.approx(seconds)


def test_a_gradient_job_by_hand() -> None:
    key = ("gemma-2b", "cosine", "rte", "input_x_gradient", "0")
    tokens = 200 * BACKWARD * (80 + OPTION_TOKENS) * 10
    seconds = START_SECONDS + 2 * 2.51 + 2 * 2.51e9 * tokens / 4e14
    assert workload().job("attribute", *key).seconds == pytest.approx(seconds)


def test_an_export_asks_for_more_than_its_weights() -> None:
    found = workload().job("export_model", "llama-2-7b", "cosine")
    assert found.memory_bytes > 2 * 6.74e9 and found.seconds > 0


def test_jobs_come_rule_by_rule_in_the_order_of_the_data_flow() -> None:
    """The order in which the rules' inputs and outputs chain; every job stands there once."""
    jobs = list(workload(orders=["cosine"], stability={"seeds": 3}).jobs())
    rules = list(dict.fromkeys(job.rule for job in jobs))
    assert rules == [
        "verify_removal",
        "rank_layers",
        "measure_stability",
        "measure_efficiency",
        "predict",
        "attribute",
        "measure_faithfulness",
        "score_coalitions",
    ]
    places = [rules.index(job.rule) for job in jobs]
    assert places == sorted(places)
    assert len({(job.rule, job.key) for job in jobs}) == len(jobs)


def test_a_control_is_one_whatever_its_name(tmp_path: Path) -> None:
    """`method: random` of five seeds under another name: no model, no GPU, one ranking; and a method called random."""
    shutil.copytree(ROOT / "config" / "catalog", tmp_path / "catalog")
    entries = {
        "chance": {"description": "C.", "method": "random", "seeds": [0, 1, 2, 3, 4]},
        "random": {"description": "R.", "method": "lime", "seeds": [0, 1, 2, 3, 4]},
    }
    for name, entry in entries.items():
        (tmp_path / "catalog" / "methods" / f"{name}.yaml").write_text(yaml.safe_dump(entry))
    study = PAPER | {"methods": ["chance", "random"]}
    found = Workload(load_study(study, [tmp_path / "catalog"]))
    cell = ("gemma-2b", "cosine", "rte")
    control, method = (found.job("attribute", *cell, name, "4") for name in entries)
    assert (control.gpus, control.seconds) == (0, START_SECONDS)
    assert control.memory_bytes < method.memory_bytes - 2 * 2.51e9
    assert method.gpus == 1 and method.seconds > START_SECONDS
    once, twice = (found.job("measure_faithfulness", *cell, name) for name in entries)
    assert twice.disk_bytes == 2 * once.disk_bytes
    assert once.gpus == twice.gpus == 1


@pytest.mark.parametrize(
    ("less", "more"),
    [
        ({"models": ["gemma-2b"]}, {"models": ["llama-3.1-8b"]}),
        ({"levels": {"maximum": 2}}, {"levels": {"maximum": 9}}),
        ({"levels": [0, 9]}, {"levels": [0, 4, 9]}),
        ({"seeds": [0]}, {"seeds": [0, 1, 2]}),
        ({"tasks": ["sst2"]}, {"tasks": ["sst2", "boolq"]}),
        ({"examples": {"explanation": 100}}, {"examples": {"explanation": 200}}),
        ({"orders": ["cosine"]}, {"orders": ["cosine"], "stability": {"seeds": 3}}),
        ({"plan": {"gpu_flops": 4e14}}, {"plan": {"gpu_flops": 1e14}}),
    ],
)
def test_more_work_takes_longer(less: dict[str, object], more: dict[str, object]) -> None:
    small, large = (sum(job.seconds for job in workload(**c).jobs()) for c in (less, more))
    assert small < large


def test_the_text_says_what_the_jobs_add_up_to() -> None:
    found = workload()
    text = plan(found.settings).splitlines()
    jobs = list(found.jobs())
    total = next(line.split() for line in text if line.startswith("all "))
    hours = sum(job.seconds for job in jobs if job.gpus) / 3600
    assert int(total[1]) == len(jobs) == 5 * 3 + 5 * 8 * (1 + 10 + 4 + 1)
    assert float(total[2]) == pytest.approx(hours, abs=0.01)
    assert any(line == f"1 GPU: {hours:.1f} hours" for line in text)
    assert "Weights to be fetched from the hub: 60 GiB" in text


@pytest.mark.slow
def test_the_parameters_of_a_folder_are_counted() -> None:
    from keepfaith.models.builtin import CHECKPOINT
    from keepfaith.models.loading import load_model

    counted = {id(p): p.numel() for p in load_model(CHECKPOINT, device="cpu").parameters()}
    assert weight_size(CHECKPOINT)[0] == sum(counted.values())


def test_checkpoints_share_nothing(tmp_path: Path) -> None:
    """Every level is a whole pass and is loaded; no layer is ranked and no removal verified."""
    shutil.copytree(BUILTIN_CHECKPOINT, tmp_path / "rounded")
    catalog = tmp_path / "catalog"
    shutil.copytree(ROOT / "config" / "catalog", catalog)
    entry = {
        "description": "Made.",
        "kind": "checkpoints",
        "levels": {1: "rounded", 4: {"repository": "owner/tuned", "revision": "abc"}},
    }
    (catalog / "orders" / "made.yaml").write_text(yaml.safe_dump(entry), encoding="utf-8")
    study = {
        "models": ["builtin"],
        "orders": ["made"],
        "tasks": ["sentiment"],
        "folders": {"models": str(tmp_path)},
        "plan": {"core_flops": 1e10},
        "scoring": {"device": "cpu", "threads": 1},
    }
    found = Workload(load_study(study, [catalog]))
    (job,) = [job for job in found.jobs() if job.rule == "predict"]
    shape, model = found.task("sentiment"), found.model("builtin")
    examples = shape.rows + (shape.tuning_rows or 0)
    assert job.disk_bytes == examples * 3 * shape.options * 12
    tokens = examples * (shape.tokens + OPTION_TOKENS) * 3
    loading = 3 * model.weight_bytes("float32") / 1e9
    expected = START_SECONDS + loading + 2 * model.parameters * tokens / 1e10
    assert job.seconds == pytest.approx(expected)
    assert not {"rank_layers", "verify_removal"} & {job.rule for job in found.jobs()}
    text = plan(found.settings)
    assert "Levels: 0, 1, 4 of order made" in text
    assert "Checkpoints to be fetched from the hub as well, of unknown size: owner/tuned" in text
