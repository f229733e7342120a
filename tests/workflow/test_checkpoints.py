"""Checkpoints as levels: the whole audit over models that other tools made, beside an ordinary pruning path."""

import json
import re
import shutil
from pathlib import Path

import polars as pl
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer
from workflow_copy import Workflow, copy_workflow

from keepfaith.artifacts.schemas import ALL
from keepfaith.artifacts.tables import read_table
from keepfaith.models.builtin import CHECKPOINT
from keepfaith.models.export import export
from keepfaith.orders.order import components_of

STUDY = """
name: made
models: [builtin]
orders: [made]
tasks: [sentiment]
methods: [input_x_gradient, random]
levels: {maximum: 3}
examples: {evaluation: 24, explanation: 4, tuning: 20, seed: 0}
faithfulness: {segments: 3, protocol: study}
statistics: {repetitions: 200}
calibration: {null_repetitions: 200}
seeds: [0]
efficiency: {contexts: [16], new_tokens: 2, repeats: 1}
scoring: {device: cpu}
report: {explained_examples: 1, figure_formats: []}
folders: {models: made}
"""
MADE = """
description: The built-in model as other tools change it.
kind: checkpoints
levels:
  0: dense
  1: {path: rounded, label: 8 bits}
  2: {path: exported, label: level-2 export}
  3: tuned
"""
LABELS = ["dense", "8 bits", "level-2 export", "tuned"]
DROPPED, OWN = (Path(f"results/builtin/{order}") for order in ("last_k", "made"))
TABLES = ("sentiment/metrics", "sentiment/verdict", "efficiency")
"""Of the ordinary path: these, with all that they are made from."""
TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json")
NUMBERS = 1e-5
"""The sweep computes levels side by side, in batches of another size than a model alone."""


def save(model: torch.nn.Module, folder: Path) -> None:
    model.save_pretrained(folder)  # type: ignore[operator]
    for name in TOKENIZER:
        if (CHECKPOINT / name).is_file():
            shutil.copy(CHECKPOINT / name, folder)


def rounded(folder: Path) -> None:
    """Every row of every matrix in steps of its largest weight over 127."""
    model = AutoModelForCausalLM.from_pretrained(CHECKPOINT)
    with torch.no_grad():
        for weight in model.parameters():
            if weight.ndim == 2:
                step = weight.abs().amax(1, keepdim=True) / 127
                weight.copy_((weight / step).round() * step)
    save(model, folder)


def tuned(folder: Path) -> None:
    """A few steps towards one sentence."""
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_pretrained(CHECKPOINT)
    ids = AutoTokenizer.from_pretrained(CHECKPOINT)(
        "The traffic was lovely. Question: Is this review positive or negative? Answer: positive",
        return_tensors="pt",
    )["input_ids"]
    optimiser = torch.optim.AdamW(model.parameters(), lr=2e-3)
    for _ in range(4):
        optimiser.zero_grad()
        model(input_ids=ids, labels=ids).loss.backward()
        optimiser.step()
    save(model, folder)


@pytest.fixture(scope="module")
def workflow(tmp_path_factory: pytest.TempPathFactory) -> Workflow:
    copy = copy_workflow(tmp_path_factory.mktemp("checkpoints") / "study")
    made = copy.folder / "made"
    rounded(made / "rounded")
    export(CHECKPOINT, [7, 6], made / "exported", "slim")
    tuned(made / "tuned")
    (copy.folder / "made.yaml").write_text(STUDY, encoding="utf-8")
    (copy.folder / "config/catalog/orders/made.yaml").write_text(MADE, encoding="utf-8")
    ordinary = [str(DROPPED / f"{name}.parquet") for name in TABLES]
    for arguments in ([], ["--config", "orders=[last_k]"]):
        targets = ordinary if arguments else []
        result = copy.run(*targets, "--configfile", "made.yaml", *arguments)
        assert result.returncode == 0, result.stdout[-5000:]
    return copy


def table(workflow: Workflow, path: Path, schema: str | None = None) -> pl.DataFrame:
    return read_table(workflow.folder / path, ALL[schema or path.stem])


def test_each_level_is_described(workflow: Workflow) -> None:
    found = table(workflow, OWN / "checkpoints.parquet")
    assert found["level"].to_list() == [0, 1, 2, 3]
    assert found["label"].to_list() == LABELS
    assert found["files"].n_unique() == 4
    folders = [str(CHECKPOINT), "made/rounded", "made/exported", "made/tuned"]
    assert [Path(name).name for name in found["folder"]] == [Path(name).name for name in folders]
    csv = pl.read_csv(workflow.folder / "results/summary/checkpoints.csv")
    assert csv.select("order", "label").rows() == [("made", label) for label in LABELS]
    assert not (workflow.folder / OWN / "order.parquet").exists()
    for path, moves in ((DROPPED, True), (OWN, False)):  # nothing moves from one to the next
        assert bool(table(workflow, path / "sentiment/fluctuation.parquet").height) is moves


@pytest.mark.parametrize("level", [0, 2])
@pytest.mark.parametrize(
    ("name", "schema", "keys"),
    [
        ("sentiment/predictions", "predictions", ["example_id", "option"]),
        ("sentiment/tuning_predictions", "tuning_predictions", ["example_id", "option"]),
        ("sentiment/coalitions", "coalitions", ["example_id", "option"]),
        (
            "sentiment/attributions/input_x_gradient-seed0",
            "attributions",
            ["example_id", "feature"],
        ),
        ("sentiment/attributions/random-seed0", "attributions", ["example_id", "feature"]),
        (
            "sentiment/faithfulness/input_x_gradient",
            "faithfulness",
            ["example_id", "ranking", "kind", "operator", "fraction"],
        ),
        ("sentiment/explanations", "explanations", ["example_id", "method", "seed", "segment"]),
        ("sentiment/limits", "limits", ["example_id"]),
        (
            "sentiment/metrics",
            "metrics",
            ["metric", "method", "role", "operator", "ranking", "probabilities"],
        ),
    ],
)
def test_the_export_is_level_2_of_the_ordinary_path(
    workflow: Workflow, name: str, schema: str, keys: list[str], level: int
) -> None:
    order = components_of(table(workflow, DROPPED / "order.parquet"))
    assert [component.layer for component in order[:2]] == [7, 6]
    pair = [
        table(workflow, path / f"{name}.parquet", schema).filter(level=level)
        for path in (DROPPED, OWN)
    ]
    keys = [key for key in keys if key in pair[0].columns]
    dropped, own = (found.sort(keys, maintain_order=True) for found in pair)
    assert dropped.height == own.height > 0
    for column in dropped.columns:
        expected, values = dropped[column], own[column]
        if column in ("p_value", "p_adjusted"):
            continue
        if expected.dtype == pl.List(pl.Float64):
            expected, values = expected.explode(), values.explode()
        if expected.dtype.is_float():
            assert values.is_null().equals(expected.is_null()), column
            assert values.drop_nulls().to_list() == pytest.approx(
                expected.drop_nulls().to_list(), rel=NUMBERS, abs=NUMBERS
            ), column
        else:
            assert values.equals(expected), column


def test_its_harms_are_those_of_the_ordinary_path(workflow: Workflow) -> None:
    columns = ["quantity", "method", "harm", "harm_low", "harm_high", "margin"]
    dropped, own = (
        table(workflow, path / "sentiment/verdict.parquet").filter(level=2).select(columns)
        for path in (DROPPED, OWN)
    )
    assert own.height == dropped.height > 3
    assert own.select("quantity", "method").equals(dropped.select("quantity", "method"))
    for column in columns[2:]:
        assert own[column].is_null().equals(dropped[column].is_null())
        assert own[column].drop_nulls().to_list() == pytest.approx(
            dropped[column].drop_nulls().to_list(), abs=NUMBERS
        )
    for path in (DROPPED, OWN):
        verdict = table(workflow, path / "sentiment/verdict.parquet")
        assert verdict["level"].unique().sort().to_list() == [1, 2, 3]
        assert verdict["status"].null_count() == 0


def test_its_cost_is_that_of_the_ordinary_path(workflow: Workflow) -> None:
    dropped, own = (
        table(workflow, path / "efficiency.parquet").filter(level=2) for path in (DROPPED, OWN)
    )
    same = [
        "parameters", "weight_bytes", "cache_bytes_per_token", "cache_bytes_per_token_expected",
        "prefill_operations", "decode_bytes", "disk_bytes",
    ]  # fmt: skip
    assert own.select(same).equals(dropped.select(same))
    of_levels = table(workflow, OWN / "efficiency.parquet").sort("level")
    assert of_levels["level"].to_list() == [0, 1, 2, 3]
    parameters = of_levels["parameters"].to_list()
    assert parameters[0] == parameters[1] == parameters[3] > parameters[2]


@pytest.mark.parametrize(("level", "folder"), [(1, "rounded"), (3, "tuned")])
def test_other_levels_are_what_transformers_says_of_their_folders(
    workflow: Workflow, level: int, folder: str
) -> None:
    model = AutoModelForCausalLM.from_pretrained(workflow.folder / "made" / folder).double()
    tokenizer = AutoTokenizer.from_pretrained(CHECKPOINT)
    examples = table(workflow, Path("results/tasks/sentiment/examples.parquet"), "examples")
    predictions = table(workflow, OWN / "sentiment/predictions.parquet")
    asked = {row["example_id"]: row for row in examples.iter_rows(named=True)}
    checked, rows = 0, predictions.filter(level=level).head(12)
    for row in rows.iter_rows(named=True):
        example = asked[row["example_id"]]
        prompt = tokenizer(example["prompt"])["input_ids"]
        ids = tokenizer(example["prompt"] + example["options"][row["option"]])["input_ids"]
        assert ids[: len(prompt)] == prompt
        with torch.inference_mode():
            logits = model(torch.tensor([ids])).logits[0].log_softmax(-1)  # (T, vocabulary)
        expected = sum(
            float(logits[at - 1, token]) for at, token in enumerate(ids) if at >= len(prompt)
        )
        assert row["log_likelihood"] == pytest.approx(expected, abs=1e-4)
        checked += 1
    assert checked == 12
    dense = predictions.filter(level=0)["log_likelihood"]
    own = predictions.filter(level=level)["log_likelihood"]
    assert float((dense - own).abs().max()) > 1e-3  # type: ignore[arg-type]


def test_the_report_judges_each_checkpoint_on_its_own(workflow: Workflow) -> None:
    page = (workflow.folder / "results/report/index.html").read_text(encoding="utf-8")
    glance, answers = page.split('<table class="answers">', 1)
    titles = re.findall(r'<td class="on-\w+" title="([^;"]+);', glance)
    assert set(titles) == set(LABELS[1:])
    (own,) = re.findall(r'<tr>\s*<th scope="row"><a href="#cell.*?</tr>', answers, re.DOTALL)
    assert not re.search(r"<td>level \d of 3</td>", own)
    verdict = table(workflow, OWN / "sentiment/verdict.parquet")
    judged = verdict.select("quantity", "method").n_unique()
    by_level = verdict.group_by("level").agg(
        kept=pl.col("status") .eq("kept").sum() == judged, degraded=(pl.col("status") == "degraded").any()
    ).sort("level")  # fmt: skip
    for column in ("kept", "degraded"):
        levels = by_level.filter(pl.col(column) == (column == "kept"))["level"].to_list()
        named = [f"{LABELS[level]} (level {level})" for level in levels]
        said = f"{len(named)} of 3: " if named else "none of 3"
        assert f"<td>{said}" in own
        assert all(name in own for name in named)
    assert "up to level" not in own
    assert "All shown to be kept by" in page and "Which checkpoints keep the accuracy" in page
    assert "Movement from level to level while the accuracy is kept" not in page
    for label in LABELS:
        assert f"<td>{label}</td>" in page


def test_figures_have_the_labels(workflow: Workflow) -> None:
    figures = workflow.folder / "results/figures"
    drawn = {path.stem for path in (figures / "builtin/made/sentiment").glob("*.svg")}
    assert "layers" not in drawn and len(drawn) > 8
    for name in (
        "builtin/made/sentiment/accuracy",
        "builtin/made/sentiment/verdict",
        "builtin/made/sentiment/drift",
        "study/efficiency",
    ):
        text = (figures / f"{name}.svg").read_text(encoding="utf-8")
        assert "8 bits" in text and "tuned" in text, name
        assert "layers dropped" not in text, name


def test_a_changed_file_runs_the_jobs_of_its_order_again(workflow: Workflow) -> None:
    config = workflow.folder / "made/tuned/config.json"
    before = config.read_text(encoding="utf-8")
    content = json.loads(before) | {"use_cache": False}
    try:
        config.write_text(json.dumps(content), encoding="utf-8")
        result = workflow.run("--configfile", "made.yaml", "--dry-run")
    finally:
        config.write_text(before, encoding="utf-8")
    assert result.returncode == 0
    jobs = re.findall(r"output: (\S+?),?\s", result.stdout)
    assert f"{OWN}/checkpoints.parquet" in jobs and f"{OWN}/sentiment/predictions.parquet" in jobs
    made = ("results/builtin/made", "results/summary", "results/figures", "results/report")
    assert all(job.startswith(made) for job in jobs), jobs
    assert "Nothing to be done" in workflow.run("--configfile", "made.yaml", "--dry-run").stdout


def spoil_tokenizer(folder: Path) -> None:
    file = folder / "tokenizer.json"
    content = json.loads(file.read_text(encoding="utf-8"))
    vocabulary = content["model"]["vocab"]
    one, other = list(vocabulary)[10:12]
    vocabulary[one], vocabulary[other] = vocabulary[other], vocabulary[one]
    file.write_text(json.dumps(content), encoding="utf-8")


def test_another_tokenizer_is_refused_before_any_job(workflow: Workflow) -> None:
    spoilt = Path(
        shutil.copytree(workflow.folder / "made/rounded", workflow.folder / "made/spoilt")
    )
    spoil_tokenizer(spoilt)
    entry = workflow.folder / "config/catalog/orders/made.yaml"
    entry.write_text(MADE.replace("tuned", "spoilt"), encoding="utf-8")
    try:
        result = workflow.run("--configfile", "made.yaml", "--dry-run")
    finally:
        entry.write_text(MADE, encoding="utf-8")
    assert result.returncode != 0
    (line,) = [line for line in result.stdout.splitlines() if line.startswith("keepfaith:")]
    for words in (
        "order made, level 3: made/spoilt/tokenizer.json is not the tokenizer of the dense model",
        "keepfaith/models/builtin/checkpoint/tokenizer.json",
        "2 tokens are in one only or have another id",
    ):
        assert words in line


def test_checkpoints_are_not_exported(workflow: Workflow) -> None:
    result = workflow.run(
        "export", "--configfile", "made.yaml", "--dry-run",
        "--config", "export={levels: [2]}",
    )  # fmt: skip
    assert result.returncode != 0
    assert "the levels of all orders are checkpoints" in result.stdout
