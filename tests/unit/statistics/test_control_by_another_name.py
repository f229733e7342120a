"""The random control under another name, and a method that is called random, from the catalog to the verdict."""

import shutil
from pathlib import Path

import polars as pl
import pytest
import yaml

from keepfaith.artifacts.schemas import EXAMPLES
from keepfaith.artifacts.tables import conform
from keepfaith.attribution.explain import explain
from keepfaith.calibration.reliability import reliability
from keepfaith.config.load import load_study
from keepfaith.config.settings import Settings
from keepfaith.faithfulness.agreement import overlap
from keepfaith.faithfulness.measure import measure
from keepfaith.faithfulness.metrics import curves
from keepfaith.figures.cell_tables import CellTables
from keepfaith.plugins.method import METHODS
from keepfaith.scoring.predict import predict
from keepfaith.statistics.assemble import compute_metrics
from keepfaith.statistics.clusters import group_examples
from keepfaith.statistics.settings import Analysis
from keepfaith.statistics.verdict import verdict

CATALOG = Path(__file__).parents[3] / "config" / "catalog"
LEVELS = [0, 1, 2]
ENTRIES = {
    "chance": {"description": "C.", "method": "random", "seeds": [0, 1, 2, 3, 4]},
    "random": {"description": "R.", "method": "input_x_gradient"},
}
STUDY = {
    "name": "named",
    "models": ["builtin"],
    "orders": ["cosine"],
    "text": "builtin",
    "tasks": ["sentiment"],
    "methods": list(ENTRIES),
}
WORDS = ("good", "dull", "moving", "boring", "wonderful", "lifeless", "funny", "predictable")


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    catalog = tmp_path_factory.mktemp("named") / "catalog"
    shutil.copytree(CATALOG, catalog)
    for name, entry in ENTRIES.items():
        (catalog / "methods" / f"{name}.yaml").write_text(yaml.safe_dump(entry))
    return load_study(STUDY, [catalog])


def examples() -> pl.DataFrame:
    rows = [
        {
            "example_id": f"e{number}",
            "row": number,
            "prompt": f"The film {number} was {word}, but the story was not.\nAnswer:",
            "fields": [],
            "outside": None,
            "options": [" yes", " no"],
            "label": number % 2,
            "rationale": [],
            "contexts": None,
            "continuation": None,
            "posterior": [],
            "evaluation": True,
            "explanation": True,
            "tuning": False,
        }
        for number, word in enumerate(WORDS)
    ]
    return conform(pl.DataFrame(rows), EXAMPLES)


@pytest.fixture
def tables(settings, scorer, encoder) -> dict[str, pl.DataFrame]:
    """What the rules make of them, one after the other."""
    table = examples()
    predictions = predict(scorer, encoder, table, LEVELS)
    attributions, faithfulness = [], []
    for name, entry in settings.methods.items():
        method = METHODS.load(entry.method)
        runs = [
            explain(
                entry.method,
                method.settings(**entry.settings),
                seed,
                scorer if method.needs_model else None,
                encoder,
                table,
                LEVELS,
                predictions,
                name=name,
            )
            for seed in entry.seeds
        ]
        attributions += runs
        faithfulness.append(
            measure(
                scorer,
                encoder,
                table,
                pl.concat(runs),
                predictions,
                LEVELS,
                [0.2, 0.4],
                ["retokenise"],
            )
        )
    analysis = Analysis(null_repetitions=100, repetitions=200, seed=0)
    metrics = compute_metrics(
        predictions, table, faithfulness, attributions, group_examples(table), analysis
    )
    clusters = group_examples(table, None).numbers
    return {
        "metrics": metrics,
        "verdict": verdict(metrics, {"comprehensiveness": 0.05, "sufficiency": 0.05}),
        "curves": curves(pl.concat(faithfulness), clusters),
        "overlap": overlap(pl.concat(attributions), [5], clusters),
        "reliability": reliability(predictions, table, analysis.bins),
        "attributions": pl.concat(attributions),
        "faithfulness": pl.concat(faithfulness),
    }


def roles(table: pl.DataFrame) -> dict[str, str]:
    return dict(table.select("method", "role").drop_nulls().unique().iter_rows())


def test_what_is_a_control_follows_from_the_declaration_alone(tables):
    expected = {"chance": "control", "random": "method"}
    for name in ("attributions", "faithfulness", "metrics", "curves", "overlap"):
        assert roles(tables[name]) == expected, name
    seeds = tables["attributions"].group_by("method").agg(pl.col("seed").n_unique())
    assert dict(seeds.iter_rows()) == {"chance": 5, "random": 1}
    reversed_ = tables["faithfulness"].filter(ranking="reversed")
    assert reversed_["method"].unique().to_list() == ["random"]
    assert tables["verdict"]["method"].drop_nulls().unique().to_list() == ["random"]
    row = {"metric": "comprehensiveness_study", "ranking": "method", "level": 1}
    chance, method = (tables["metrics"].filter(method=name, **row) for name in ENTRIES)
    assert (
        method.select("reference_low", "reference_high").rows()
        == chance.select("low", "high").rows()
    )
    assert chance["reference_low"].to_list() == [None]


def test_figures_hold_it_as_a_control(tables):
    names = ("metrics", "verdict", "curves", "overlap", "reliability")
    order = pl.DataFrame(
        {"position": [1], "layer": [2], "component": ["attention"], "score": [0.0]}
    )
    cell = CellTables(**{name: tables[name] for name in names}, order=order, published=None)
    assert (cell.methods, cell.controls) == (["random"], ["chance"])
