"""A study whose model, task and calibration text are on the hub: broken off, resumed, run to its end, run offline."""

import subprocess
from pathlib import Path

import pytest
from hub_client import Client
from hub_server import GOOD_TOKEN, Hub
from workflow_copy import MINI, Workflow, copy_workflow

MODEL = """
description: A small Llama of the hub.
source:
  kind: hub
  repository: owner/tiny
  revision: {commit}
  layers: 4
"""
TASK = """
version: 1
description: Is a review good or bad?
prompt: "{text}\\nQuestion: good or bad?\\nAnswer:"
fields: [text]
options: [bad, good]
sources:
  hub:
    repository: owner/reviews
    config: films
    revision: REVISION
    splits: {evaluation: test, tuning: train}
"""
TEXT = """
description: Text of the hub.
source:
  kind: hub
  repository: owner/reviews
  config: books
  revision: REVISION
  split: test
samples: 4
sample_tokens: 64
"""
WEIGHTS = "model.safetensors"


def study(hub: Hub, folder: Path) -> Workflow:
    workflow = copy_workflow(folder)
    model, data = hub.repos["models", "owner/tiny"], hub.repos["datasets", "owner/reviews"]
    catalog = folder / "config" / "catalog"
    for path, content in (
        ("models/hub_tiny.yaml", MODEL.format(commit=model.commit)),
        ("tasks/hub_reviews.yaml", TASK.replace("REVISION", data.commit)),
        ("texts/hub_books.yaml", TEXT.replace("REVISION", data.commit)),
    ):
        (catalog / path).write_text(content, encoding="utf-8")
    chosen = {
        "[builtin]": "[hub_tiny]",
        "text: builtin": "text: hub_books",
        "[sentiment]": "[hub_reviews]",
        "[kernelshap, input_x_gradient]": "[input_x_gradient]",
        "{maximum: 2}": "{maximum: 1}",
        "stability: {seeds: 3, samples: [4]}\n": "",
        ", protocol: study": "",
    }
    mini = MINI
    for old, new in chosen.items():
        mini = mini.replace(old, new)
    (folder / "mini.yaml").write_text(mini, encoding="utf-8")
    return workflow


def run(
    workflow: Workflow, client: Client, *targets: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    given = client.environment(HF_TOKEN=GOOD_TOKEN, **variables)
    return workflow.run(*targets, "--configfile", "mini.yaml", timeout=900, variables=given)


def written(folder: Path) -> str:
    """All that a run left in text: logs, manifests, tables, Snakemake's own notes."""
    files = [
        path
        for place in ("logs", "results", ".snakemake")
        for path in (folder / place).rglob("*")
        if path.is_file()
    ]
    return "\n".join(path.read_bytes().decode(errors="replace") for path in files)


@pytest.mark.workflow
def test_a_study_from_the_hub(client: Client, hub: Hub, model_files, tmp_path: Path) -> None:
    workflow = study(hub, tmp_path / "study")
    hub.repos["models", "owner/tiny"].gated = True
    manifest = "results/models/hub_tiny/model.json"

    # The hub goes down in the middle of the weights.
    hub.faults.cut_then_busy = {WEIGHTS: 70}
    broken = run(workflow, client)
    assert broken.returncode == 1
    assert "ModelError: model hub_tiny: the hub answers 503 for owner/tiny" in broken.stdout
    (kept,) = [path for path in client.blobs() if path.suffix == ".incomplete"]
    size = kept.stat().st_size
    assert 0 < size < len(model_files[WEIGHTS])

    # The same command again.
    hub.faults.busy = False
    hub.requests.clear()
    whole = run(workflow, client)
    assert whole.returncode == 0, whole.stdout[-3000:]
    assert set(hub.ranges()) == {f"bytes={size}-"}
    report = workflow.folder / "results" / "report" / "index.html"
    assert "hub_tiny" in report.read_text(encoding="utf-8")

    # What the hub gave is made again from the cache, without a request, to the same bytes.
    made = [
        workflow.folder / manifest,
        workflow.folder / "results/tasks/hub_reviews/examples.parquet",
        workflow.folder / "results/calibration_text/cosine.parquet",
    ]
    before = [path.read_bytes() for path in made]
    for path in made:
        path.unlink()
    hub.requests.clear()
    places = [str(path.relative_to(workflow.folder)) for path in made]
    offline = run(workflow, client, *places, HF_HUB_OFFLINE="1")
    assert offline.returncode == 0, offline.stdout[-3000:]
    assert [path.read_bytes() for path in made] == before
    assert not hub.requests
    assert report.is_file()

    # The token went to the hub, to no other host and into no file.
    output = broken.stdout + whole.stdout + offline.stdout
    assert GOOD_TOKEN not in output + written(workflow.folder)


@pytest.mark.workflow
def test_a_wrong_name_is_not_tried_again(client: Client, hub: Hub, tmp_path: Path) -> None:
    workflow = study(hub, tmp_path / "study")
    del hub.repos["models", "owner/tiny"]
    refused = run(workflow, client, "results/models/hub_tiny/model.json")
    assert refused.returncode == 1
    sentence = (
        "keepfaith: ModelError: model hub_tiny: the hub has no model owner/tiny that you may see"
    )
    assert refused.stdout.count(sentence) == 1
    assert len(hub.about("owner/tiny")) == 1
