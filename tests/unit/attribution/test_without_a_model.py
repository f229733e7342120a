"""The control does not use the model: its job runs with a folder without weights."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest
from workflow_copy import environment

from keepfaith.artifacts.provenance import Provenance
from keepfaith.artifacts.schemas import ATTRIBUTIONS, EXAMPLES, ORDER, PREDICTIONS
from keepfaith.artifacts.tables import conform, read_provenance, read_table, write_table
from keepfaith.models.builtin import CHECKPOINT
from keepfaith.models.sources import prepare_folder
from keepfaith.plugins.method import METHODS
from keepfaith.scoring.opening import Scoring, open_encoder, open_scorer
from keepfaith.scoring.predict import predict

SCRIPT = Path(__file__).parents[3] / "scripts" / "attribute.py"
LEVELS = [0, 1]
SCORING = {"token_budget": "auto", "dtype": "float32", "device": "cpu", "over_long": "refuse"}


RUN = """
import json, runpy, sys
from types import SimpleNamespace
from snakemake.iocontainers import Namedlist
script, given = sys.argv[1], json.loads(sys.argv[2])
made = {name: Namedlist(fromdict=values) for name, values in given.items()}
runpy.run_path(script, init_globals={"snakemake": SimpleNamespace(**made, threads=1)})
"""


def examples() -> pl.DataFrame:
    row = {
        "row": 0,
        "fields": [],
        "outside": None,
        "options": [" positive", " negative"],
        "label": 0,
        "rationale": [],
        "contexts": None,
        "continuation": None,
        "posterior": [],
        "evaluation": True,
        "explanation": True,
        "tuning": False,
    }
    prompts = {
        "a": "The film was good.\nAnswer:",
        "b": "The plot was dull, and the end was not.\nAnswer:",
    }
    rows = [{"example_id": name, "prompt": prompt} | row for name, prompt in prompts.items()]
    return conform(pl.DataFrame(rows), EXAMPLES)


@pytest.fixture
def inputs(tmp_path: Path) -> SimpleNamespace:
    """The inputs of rule attribute's script; the model's weights are deleted after its predictions are made."""
    folder = Path(shutil.copytree(CHECKPOINT, tmp_path / "model"))
    paths = {
        "model": tmp_path / "model.json",
        "order": tmp_path / "order.parquet",
        "examples": tmp_path / "examples.parquet",
        "predictions": tmp_path / "predictions.parquet",
    }
    prepare_folder("tiny", folder).write(paths["model"])
    order = {"position": [1], "layer": [3], "component": ["attention"], "score": [0.0]}
    write_table(conform(pl.DataFrame(order), ORDER), paths["order"], ORDER, Provenance())
    write_table(examples(), paths["examples"], EXAMPLES, Provenance())
    scorer, encoder = open_scorer(folder, [3], Scoring(**SCORING, threads=1))
    predicted = predict(scorer, encoder, examples(), LEVELS)
    write_table(predicted, paths["predictions"], PREDICTIONS, Provenance())
    for weights in folder.glob("*.safetensors"):
        weights.unlink()
    return SimpleNamespace(**{name: str(path) for name, path in paths.items()})


def run(
    method: str, inputs: SimpleNamespace, tmp_path: Path
) -> tuple[subprocess.CompletedProcess[str], Path]:
    """Run the script in its own process, with the inputs from Snakemake."""
    output = tmp_path / f"{method}.parquet"
    settings = METHODS.load(method).settings().model_dump(mode="json")
    given = {
        "input": vars(inputs),
        "output": {"attributions": str(output)},
        "params": {
            "method": {"method": method, "settings": settings},
            "levels": LEVELS,
            "explained": {"explains": "margin", "removed_token": "auto"},
            "scoring": SCORING,
            "code": "0",
        },
        "wildcards": {"method": "chance", "seed": "3"},
        "resources": {"gpu": 0},
        "log": {"first": str(tmp_path / f"{method}.log")},
    }
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(SCRIPT), json.dumps(given)],
        capture_output=True,
        text=True,
        check=False,
        env={**environment(), "PYTHONPATH": str(SCRIPT.parent)},
    )
    return done, output


def test_the_control_is_made_without_weights(inputs: SimpleNamespace, tmp_path: Path) -> None:
    done, output = run("random", inputs, tmp_path)
    assert done.returncode == 0, done.stderr
    table = read_table(output, ATTRIBUTIONS)
    assert table.select("method", "role", "seed").unique().rows() == [("chance", "control", 3)]
    assert table.select("example_id", "level").unique().height == 2 * len(LEVELS)
    assert "token_budget" not in read_provenance(output).measured


def test_its_features_are_those_that_the_model_is_given(inputs: SimpleNamespace) -> None:
    _, expected = open_scorer(CHECKPOINT, [], Scoring(**SCORING, threads=1))
    found = open_encoder(Path(inputs.model).parent / "model", Scoring(**SCORING, threads=1))
    assert found.maximum_tokens == expected.maximum_tokens is not None
    for _, _, prompt, options in examples().select("example_id", "row", "prompt", "options").rows():
        assert found.encode(prompt, options) == expected.encode(prompt, options)


def test_a_method_that_asks_the_model_is_not(inputs: SimpleNamespace, tmp_path: Path) -> None:
    done, _ = run("input_x_gradient", inputs, tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("keepfaith: LoadingError")
