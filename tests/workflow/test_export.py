"""`snakemake export`: checkpoints that reload in a process of their own, with a card that says what they cost."""

import shutil
import subprocess
from pathlib import Path

import polars as pl
import pytest
import torch
from fresh_process import LOADING, logits_in_a_fresh_process
from installed import build_wheel, install
from workflow_copy import Workflow

from keepfaith.artifacts.schemas import METRICS, ORDER
from keepfaith.artifacts.tables import read_table
from keepfaith.models.builtin import CHECKPOINT
from keepfaith.models.loading import load_model
from keepfaith.models.removal import PrunableModel
from keepfaith.orders.order import components_of

PATH = Path("results/builtin/cosine")
PROMPTS = torch.arange(3, 35).view(2, 16)


@pytest.fixture(scope="module")
def exported(finished: Workflow, tmp_path_factory: pytest.TempPathFactory) -> Workflow:
    folder = tmp_path_factory.mktemp("exported") / "study"
    workflow = Workflow(Path(shutil.copytree(finished.folder, folder)))
    result = workflow.run(
        "export", "--configfile", "mini.yaml",
        "--config", "export={levels: [2], formats: [slim, zero_filled]}",
    )  # fmt: skip
    assert result.returncode == 0, result.stdout[-3000:]
    return workflow


@pytest.mark.parametrize("format", LOADING)
def test_a_fresh_process_gets_the_pruned_models_logits(exported: Workflow, format: str) -> None:
    folder = exported.folder / PATH / "export" / f"level2-{format}"
    found = logits_in_a_fresh_process(folder, format, PROMPTS)
    order = components_of(read_table(exported.folder / PATH / "order.parquet", ORDER))
    model = PrunableModel(load_model(CHECKPOINT, device="cpu"))
    with torch.inference_mode(), model.at_level(order, 2):
        expected = model.model(PROMPTS).logits
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-6 * float(expected.abs().max()))


def test_the_slim_folder_is_smaller_by_the_dropped_weights(exported: Workflow) -> None:
    sizes = {
        format: sum(path.stat().st_size for path in folder.glob("*.safetensors"))
        for format in ("slim", "zero_filled")
        for folder in [exported.folder / PATH / f"export/level2-{format}"]
    }
    model = PrunableModel(load_model(CHECKPOINT, device="cpu"))
    order = components_of(read_table(exported.folder / PATH / "order.parquet", ORDER))
    gone = sum(
        parameter.numel() * parameter.element_size()
        for sublayer in model.removable(order[:2])
        for parameter in model.toggles[sublayer].module.parameters()
    )
    # The header lists fewer tensors as well.
    assert gone <= sizes["zero_filled"] - sizes["slim"] < gone + 2000


def test_the_card_says_what_was_dropped_and_what_it_cost(exported: Workflow) -> None:
    card = (exported.folder / PATH / "export/level2-slim/README.md").read_text(encoding="utf-8")
    order = components_of(read_table(exported.folder / PATH / "order.parquet", ORDER))
    assert f"Dropped, in this order: {order[0]}; {order[1]}. Criterion: cosine" in card
    metrics = read_table(exported.folder / PATH / "sentiment/metrics.parquet", METRICS)
    accuracy = metrics.filter(pl.col("metric") == "accuracy", pl.col("level") == 2)["value"].item()
    row = next(line for line in card.splitlines() if line.startswith("| sentiment | accuracy |"))
    assert row.split("|")[4].strip() == f"{accuracy:.3f}"
    assert "faithfulness, KernelSHAP" in card


@pytest.mark.parametrize("format", LOADING)
def test_what_the_card_says_of_loading_works_where_keepfaith_is_installed(
    exported: Workflow, format: str, tmp_path: Path
) -> None:
    folder = exported.folder / PATH / "export" / f"level2-{format}"
    card = (folder / "README.md").read_text(encoding="utf-8")
    told = card.split("## How to load it")[1].split("##")[0]
    lines = [line.strip() for line in told.splitlines() if line.startswith("    ")]
    assert lines
    code = "\n".join(
        [f"folder = {str(folder)!r}", *lines, "print(sum(map(torch.numel, model.parameters())))"]
    )
    python = install(build_wheel(tmp_path), tmp_path / "installed")
    # Nothing but what its environment holds: -I passes over PYTHONPATH and the working folder.
    done = subprocess.run(
        [python, "-I", "-c", f"import torch\n{code}"], capture_output=True, text=True, cwd="/"
    )
    assert done.returncode == 0, done.stderr
    dense = load_model(CHECKPOINT, device="cpu")
    whole = sum(parameter.numel() for parameter in dense.parameters())
    assert (int(done.stdout) < whole) is (format == "slim")


@pytest.mark.parametrize(
    ("export", "said"),
    [
        ("{levels: []}", "nothing to export; type --config 'export={levels: [2]}'"),
        ("{levels: [7]}", "export.levels: 7 is not run for builtin, whose levels are 0 to 2"),
        ("{levels: [1], formats: [onnx]}", "export.formats"),
    ],
)
def test_what_cannot_be_exported_is_said_at_once(
    finished: Workflow, export: str, said: str
) -> None:
    result = finished.run("export", "--configfile", "mini.yaml", "--config", f"export={export}")
    assert result.returncode != 0
    assert said in result.stdout
