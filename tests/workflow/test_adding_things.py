"""docs/architecture.md, "Adding things": each thing in the files that the page names, one study with all of them."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from workflow_copy import Workflow

PACKAGE = "scripts/keepfaith"

METHOD = '''"""Tokens by their length: long words first."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from pydantic import Field

from keepfaith.attribution.problem import Problem
from keepfaith.config.strict import Number, Strict
from keepfaith.plugins.method import Method, Passes


class LengthSettings(Strict):
    """Settings of this method."""

    power: Number = Field(default=1.0, description="Power of the length.")


def _scores(
    problems: Iterable[Problem], levels: Sequence[int], settings: LengthSettings, seed: int
) -> Iterator[np.ndarray]:
    for problem in problems:
        lengths = [float(end - start) ** settings.power for start, end in problem.encoded.feature_spans]
        yield np.tile(lengths, (len(levels), 1))


METHOD = Method(
    label="token length",
    citation="a test",
    role="ROLE",
    needs_model=False,
    seeded=False,
    settings=LengthSettings,
    passes=lambda settings, features: Passes(),
    scores=_scores,
)
'''

CRITERION = '''"""The first layers first: the reverse of what any criterion should do."""

from keepfaith.plugins.criterion import Criterion


def _rank(model, samples, components, seed=0):
    return [(component, float(component.layer)) for component in sorted(components)]


CRITERION = Criterion(
    label="first layers first", citation="a test", reads_text=False, reads_stream=False, seeded=False,
    passes=lambda components: 0.0, rank=_rank,
)
'''

OPERATOR = '''"""Keep the ids of the other tokens, twice: a removal that nobody would choose."""

from keepfaith.plugins.operator import Operator
from keepfaith.scoring.inputs import ScoringInput


def _perturb(encoder, encoded, kept, options, name):
    staying = sorted({*encoded.fixed, *(encoded.features[feature] for feature in kept)})
    ids = tuple(encoded.prompt_ids[index] for index in staying) or encoder.prefix_ids
    return ScoringInput(ids + ids, encoded.option_ids)


OPERATOR = Operator(label="the rest is said twice", citation="a test", perturb=_perturb)
'''

METRIC = '''"""The mean probability of all options but the predicted one."""

from keepfaith.plugins.metric import mean_metric


def _per_example(draws):
    return 1 - draws.sample.confidence[None, :]


METRIC = mean_metric(_per_example, better="lower", citation="a test")
'''

QUANTITY = '''"""The metric of the same test, judged."""

from keepfaith.plugins.quantity import Quantity

QUANTITY = Quantity(
    label="doubtfulness", axis="doubtfulness (probability)", metric="doubt", better="lower", position=35,
    margin=0.07, tolerates="Tolerated rise of the doubt.", concern="calibration",
)
'''

FIGURE = '''"""Doubt over levels."""

from keepfaith.figures.axes import level_axis, line
from keepfaith.figures.style import BLUE, Stroke, canvas
from keepfaith.plugins.cell_figure import CellFigure


def _draw(tables):
    figure, ((panel,),) = canvas(size=(4.0, 3.0))
    line(panel, tables.series("doubt"), Stroke(BLUE, "o"), "doubt")
    level_axis(panel, tables.levels)
    return figure


FIGURE = CellFigure(
    title="Doubt per level", explanation="How much probability other options have.", position=25,
    needs=("metrics",), draw=_draw,
)
'''

CATALOG = "config/catalog"
TASK = """version: 1
description: Notes on films.
prompt: "{note}\\nQuestion: Is this review positive or negative?\\nAnswer:"
fields: [note]
options: [negative, positive]
sources:
  local:
    id: id
    label: verdict
    label_names: [negative, positive]
    splits: {evaluation: film_notes.csv}
"""

THINGS: dict[str, tuple[int, dict[str, str]]] = {
    "a method with a setting": (
        7,
        {
            f"{PACKAGE}/attribution/methods/length.py": METHOD.replace("ROLE", "method"),
            f"{CATALOG}/methods/long_words.yaml": (
                "description: Long words first.\nmethod: length\nsettings: {power: 2}\n"
            ),
        },
    ),
    "a control": (
        11,
        {
            f"{PACKAGE}/attribution/methods/short.py": METHOD.replace("ROLE", "control"),
            f"{CATALOG}/methods/no_explanation.yaml": (
                "description: A control.\nmethod: short\nsettings: {power: -1}\n"
            ),
        },
    ),
    "a criterion": (
        5,
        {
            f"{PACKAGE}/orders/criteria/first_k.py": CRITERION,
            f"{CATALOG}/orders/first_k.yaml": "description: First first.\ncriterion: first_k\n",
        },
    ),
    "an operator": (2, {f"{PACKAGE}/faithfulness/operators/twice.py": OPERATOR}),
    "a metric": (1, {f"{PACKAGE}/calibration/metrics/doubt.py": METRIC}),
    "a judged quantity": (9, {f"{PACKAGE}/statistics/quantities/doubtfulness.py": QUANTITY}),
    "a figure": (3, {f"{PACKAGE}/figures/cell/doubt_per_level.py": FIGURE}),
    "a task": (1, {f"{CATALOG}/tasks/notes.yaml": TASK}),
    "a model": (
        1,
        {
            f"{CATALOG}/models/mine.yaml": (
                "description: A copy of the built-in model.\n"
                f"source: {{kind: local, path: {PACKAGE}/models/builtin/checkpoint}}\n"
            )
        },
    ),
}
"""What is added: the number of files that it took before there was one registry, and the files that it takes now."""

STUDY = """
name: added
models: [mine]
orders: [first_k]
tasks: [notes]
methods: [long_words, no_explanation]
levels: [0, 1]
folders: {data: ., models: .}
examples: {evaluation: all, explanation: 4, tuning: 0}
faithfulness: {segments: 0, protocol: study, operators: [twice], fractions: [0.3]}
statistics: {repetitions: 200, margins: {doubtfulness: 0.06}}
calibration: {null_repetitions: 200}
efficiency: {contexts: [16], new_tokens: 2, repeats: 1}
report: {explained_examples: 1, figure_formats: []}
scoring: {device: cpu}
"""


@pytest.fixture(scope="module")
def added(tmp_path_factory: pytest.TempPathFactory) -> Workflow:
    """A study of added things alone, run to its report."""
    from workflow_copy import REPOSITORY, copy_workflow

    workflow = copy_workflow(tmp_path_factory.mktemp("adding") / "study")
    shutil.copy(REPOSITORY / "examples/my_task/film_notes.csv", workflow.folder)
    before = {path: path.read_bytes() for path in files(workflow.folder)}
    for _, texts in THINGS.values():
        for path, text in texts.items():
            assert not (workflow.folder / path).exists(), path
            (workflow.folder / path).write_text(text, encoding="utf-8")
    assert {
        path: path.read_bytes() for path in before
    } == before  # nothing that was there is edited
    (workflow.folder / "added.yaml").write_text(STUDY)
    result = workflow.run("--configfile", "added.yaml")
    assert result.returncode == 0, result.stdout[-5000:]
    return workflow


def files(folder: Path) -> list[Path]:
    return [
        path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    ]


def test_each_thing_takes_the_files_that_the_page_says(capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        print(f"\n{'thing':26}{'files before':>13}{'files now':>11}")
        for thing, (before, texts) in THINGS.items():
            print(f"{thing:26}{before:>13}{len(texts):>11}")
    python = [sum(path.endswith(".py") for path in texts) for _, texts in THINGS.values()]
    assert max(python) == 1
    assert all(len(texts) <= 2 for _, texts in THINGS.values())


def test_tables_hold_what_was_added(added: Workflow) -> None:
    summary = added.folder / "results/summary"
    metrics = pl.read_parquet(summary / "metrics.parquet")
    assert metrics.select("model", "order", "task").unique().rows() == [
        ("mine", "first_k", "notes")
    ]
    assert set(metrics["method"].drop_nulls()) == {"long_words", "no_explanation"}
    roles = dict(metrics.drop_nulls("method").select("method", "role").unique().rows())
    assert roles == {"long_words": "method", "no_explanation": "control"}
    assert set(metrics["operator"].drop_nulls()) == {"twice"}
    doubt = metrics.filter(metric="doubt").sort("level")["value"]
    confidence = metrics.filter(metric="mean_confidence").sort("level")["value"]
    assert doubt.to_list() == pytest.approx((1 - confidence).to_list())
    verdict = pl.read_parquet(summary / "verdict.parquet")
    assert verdict.filter(quantity="doubtfulness")["margin"].to_list() == [0.06]
    order = pl.read_parquet(summary / "order.parquet").sort("position")
    assert order["layer"].to_list() == list(range(8))


@pytest.mark.parametrize(
    "words",
    [
        "long_words", "no_explanation (control)", "first_k", "doubtfulness", "Doubt per level",
        "How much probability other options have.", "notes", "mine",
    ],
)  # fmt: skip
def test_the_report_shows_what_was_added(added: Workflow, words: str) -> None:
    page = (added.folder / "results/report/index.html").read_text(encoding="utf-8")
    assert re.search(re.escape(words), page)


def test_a_setting_that_the_method_does_not_declare_is_refused(
    new_workflow: Callable[[str], Workflow],
) -> None:
    workflow = new_workflow("wrong")
    for texts in (THINGS["a method with a setting"][1], THINGS["a task"][1]):
        for path, text in texts.items():
            (workflow.folder / path).write_text(text.replace("power: 2", "strength: 2"))
    study = "\n".join(
        line
        for line in STUDY.replace("[long_words, no_explanation]", "[long_words]").splitlines()
        if not line.startswith(("statistics", "faithfulness"))
    )
    study = study.replace("mine", "builtin").replace("first_k", "last_k")
    (workflow.folder / "added.yaml").write_text(study)
    result = workflow.run("--configfile", "added.yaml", "--dry-run")
    assert result.returncode != 0
    (line,) = [line for line in result.stdout.splitlines() if line.startswith("keepfaith: ")]
    assert "long_words.yaml: settings: unknown key 'strength'" in line
    assert "Traceback" not in result.stdout
