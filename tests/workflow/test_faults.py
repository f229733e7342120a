"""What goes wrong in the middle of a study ends in a line or goes on; no wrong number is taken for a result."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
import safetensors.torch
import yaml
from test_kill import results_of
from workflow_copy import Workflow, environment

CELL = "results/builtin/cosine/sentiment"
CHECKPOINT = "scripts/keepfaith/models/builtin/checkpoint"


@pytest.fixture
def study(finished: Workflow, tmp_path: Path) -> Workflow:
    """A copy of the finished study, with time stamps kept."""
    return Workflow(Path(shutil.copytree(finished.folder, tmp_path / "study")))


def said(workflow: Workflow, *arguments: str) -> list[str]:
    """The lines that a run ends with; it must fail without a traceback."""
    result = workflow.run("--configfile", "mini.yaml", *arguments)
    assert result.returncode != 0, result.stdout[-2000:]
    assert "Traceback" not in result.stdout, result.stdout[-3000:]
    return [line for line in result.stdout.splitlines() if line.startswith("keepfaith:")]


def ends_as(workflow: Workflow, finished: Workflow) -> None:
    """The same command leads to the same bytes as a run without a fault."""
    result = workflow.run("--configfile", "mini.yaml")
    assert result.returncode == 0, result.stdout[-3000:]
    expected, found = results_of(finished), results_of(workflow)
    assert found.keys() == expected.keys()
    assert not [str(path) for path in expected if found[path] != expected[path]]


def test_a_half_written_and_an_edited_table_are_refused(
    study: Workflow, finished: Workflow
) -> None:
    path = study.folder / CELL / "metrics.parquet"
    notes = pl.read_parquet_metadata(path)
    better = pl.read_parquet(path).with_columns(pl.col("value") + 0.01)
    path.write_bytes(path.read_bytes()[:-100])
    lines = said(study, "--rerun-triggers", "mtime")
    assert all(f"{CELL}/metrics.parquet: not a readable table" in line for line in lines)
    assert "delete it and run again" in lines[0]

    ours = {name: text for name, text in notes.items() if name.startswith("keepfaith")}
    better.write_parquet(path, metadata=ours)
    lines = said(study)
    assert f"{CELL}/metrics.parquet: was changed after it was written" in lines[0]
    path.unlink()
    ends_as(study, finished)


def test_a_changed_model_is_noticed(new_workflow: Callable[[str], Workflow]) -> None:
    workflow, command = local_model(new_workflow("changed"))
    command = ["--dry-run", *command, "results/models/mine/model.json"]
    assert workflow.run(*command[1:]).returncode == 0
    assert "Nothing to be done" in workflow.run(*command).stdout
    (workflow.folder / "mine" / "generation_config.json").write_text("{}")
    assert "prepare_model" in workflow.run(*command).stdout


def test_damaged_weights_are_refused(new_workflow: Callable[[str], Workflow]) -> None:
    workflow, command = local_model(new_workflow("damaged"))
    path = workflow.folder / "mine" / "model.safetensors"
    weights = safetensors.torch.load_file(path)
    weights["model.layers.3.self_attn.o_proj.weight"][0, 0] = float("nan")
    safetensors.torch.save_file(weights, path, metadata={"format": "pt"})
    result = workflow.run(*command, "results/mine/cosine/order.parquet")
    lines = [line for line in result.stdout.splitlines() if line.startswith("keepfaith:")]
    assert result.returncode != 0 and len(lines) == 1, result.stdout[-3000:]
    assert "the logits of the model contain NaN or infinity" in lines[0]
    assert not (workflow.folder / "results/mine/cosine/order.parquet").exists()


def local_model(workflow: Workflow) -> tuple[Workflow, list[str]]:
    """The built-in checkpoint as a model of the user's, and the words that select it."""
    folder = workflow.folder
    shutil.copytree(folder / CHECKPOINT, folder / "mine")
    entry = {"description": "Mine.", "source": {"kind": "local", "path": str(folder / "mine")}}
    (folder / "config/catalog/models/mine.yaml").write_text(yaml.safe_dump(entry))
    return workflow, ["--configfile", "mini.yaml", "--config", "models=[mine]", "--"]


def test_a_killed_job_resumes_after_its_finished_shards(study: Workflow) -> None:
    workflow = study
    words = ["--configfile", "mini.yaml", "--config", "examples={explanation: 48}", "--"]
    target = f"{CELL}/attributions/kernelshap-seed0.parquet"
    shards = workflow.folder / f"{target}.shards"
    process = subprocess.Popen(
        workflow.command(*words, target),
        cwd=workflow.folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    deadline = time.monotonic() + 300
    while not list(shards.glob("*.parquet")):
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.005)
    os.kill(job_of(process.pid, "attribute"), signal.SIGKILL)
    output, _ = process.communicate(timeout=180)
    assert process.returncode != 0 and not (workflow.folder / target).exists(), output[-2000:]
    assert workflow.run(*words, target).returncode == 0
    log = workflow.folder / "logs/builtin/cosine/sentiment/attribute/kernelshap-seed0.log"
    assert "resuming after " in log.read_text()
    resumed = pl.read_parquet(workflow.folder / target)
    (workflow.folder / target).unlink()
    assert workflow.run(*words, target).returncode == 0
    assert resumed.equals(pl.read_parquet(workflow.folder / target))
    assert not shards.exists()


def job_of(parent: int, script: str) -> int:
    """The process of a job's script, somewhere below `parent`."""
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes().decode().split("\0")
        except OSError:
            continue
        if any(word.endswith(f"{script}.py") for word in words) and below(int(entry.name), parent):
            return int(entry.name)
    raise AssertionError(f"no process of {script}")


def below(process: int, parent: int) -> bool:
    while process > 1:
        if process == parent:
            return True
        process = int(Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[1])
    return False
