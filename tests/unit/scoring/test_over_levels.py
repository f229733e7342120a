"""Work on levels: one model that is pruned, and folders loaded one after the other, give the same numbers."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from keepfaith.artifacts.schemas import EXAMPLES
from keepfaith.artifacts.tables import conform
from keepfaith.attribution.explain import explain
from keepfaith.attribution.problem import NoSettings
from keepfaith.coalitions.table import score_coalitions
from keepfaith.models.builtin import CHECKPOINT
from keepfaith.models.export import export
from keepfaith.models.level_groups import LevelGroup, checkpoint_groups
from keepfaith.scoring.encoding import ScoringInput
from keepfaith.scoring.opening import Scoring, open_scorer
from keepfaith.scoring.over_levels import over_levels
from keepfaith.scoring.predict import predict

ORDER = (7, 2)
SCORING = Scoring("auto", "float32", "cpu", "refuse", 1)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[LevelGroup], list[LevelGroup]]:
    """A pruning path of three levels, and its levels as folders."""
    folder = tmp_path_factory.mktemp("levels")
    for level in (1, 2):
        export(CHECKPOINT, ORDER[:level], folder / str(level), "slim")
    folders = [(0, str(CHECKPOINT)), *((level, str(folder / str(level))) for level in (1, 2))]
    return [LevelGroup(str(CHECKPOINT), (0, 1, 2), ORDER)], list(checkpoint_groups(folders))


@pytest.fixture(scope="module")
def examples() -> pl.DataFrame:
    texts = ["The ending was definitely clumsy.", "The music was lovely, I think."]
    question = "Question: Is this review positive or negative?\nAnswer:"
    rows = [
        {"example_id": name, "row": row, "prompt": f"{text}\n{question}", "outside": None,
         "fields": [{"field": "text", "start": 0, "end": len(text)}],
         "options": [" negative", " positive"], "label": 0, "rationale": [], "posterior": [],
         "evaluation": True, "explanation": True, "tuning": False}
        for row, (name, text) in enumerate(zip("ba", texts, strict=True))
    ]  # fmt: skip
    return conform(pl.DataFrame(rows, schema=dict(EXAMPLES.columns)), EXAMPLES)


def close(one: pl.DataFrame, other: pl.DataFrame, column: str) -> None:
    assert one.drop(column).equals(other.drop(column))
    values, expected = (
        np.concatenate([np.atleast_1d(value) for value in table[column].to_list()])
        for table in (one, other)
    )
    np.testing.assert_allclose(values, expected, rtol=1e-4, atol=1e-5)


def test_predictions(both: tuple[list[LevelGroup], ...], examples: pl.DataFrame) -> None:
    path, folders = (
        over_levels(
            groups,
            CHECKPOINT,
            SCORING,
            lambda scorer, encoder, levels, keep: predict(
                scorer, encoder, examples, levels, keep=keep
            ),
            by_example=False,
        )
        for groups in both
    )
    assert path.table["level"].unique().to_list() == [0, 1, 2]
    close(folders.table, path.table, "log_likelihood")
    scores = path.table.filter(example_id="a", option=0)["log_likelihood"].to_list()
    assert len({round(score, 3) for score in scores}) == 3  # the levels differ
    assert folders.token_budget == path.token_budget


@pytest.mark.parametrize("method", ["input_x_gradient", "gradient_norm", "attnlrp", "random"])
def test_explanations(
    both: tuple[list[LevelGroup], ...], examples: pl.DataFrame, method: str
) -> None:
    scorer, encoder = open_scorer(CHECKPOINT, ORDER, SCORING)
    predictions = predict(scorer, encoder, examples, [0, 1, 2])
    path, folders = (
        over_levels(
            groups,
            CHECKPOINT,
            SCORING,
            lambda scorer, encoder, levels, keep: explain(
                method, NoSettings(), 0, scorer, encoder, examples, levels, predictions, keep=keep
            ),
            needs_model=method != "random",
        ).table
        for groups in both
    )
    assert path.select("example_id").unique(maintain_order=True)["example_id"].to_list() == [
        "b",
        "a",
    ]
    close(folders, path, "score")


def test_coalitions_and_their_shards(
    both: tuple[list[LevelGroup], ...], examples: pl.DataFrame
) -> None:
    names: list[str] = []

    def keep(name: str, make: Callable[[], pl.DataFrame]) -> pl.DataFrame:
        names.append(name)
        return make()

    path, folders = (
        over_levels(
            groups,
            CHECKPOINT,
            SCORING,
            lambda scorer, encoder, levels, keep: score_coalitions(
                scorer, encoder, examples, levels, 3, ["delete"], keep=keep
            ),
            keep,
        ).table
        for groups in both
    )
    values = next(name for name, kind in path.schema.items() if kind == pl.List(pl.Float64))
    close(folders, path, values)
    assert len(set(names)) == len(names) == 4
    assert names[0] == "delete-000000000"
    assert names[1:] == [f"level{level:03d}-delete-000000000" for level in (0, 1, 2)]


def test_a_checkpoint_has_its_own_level_alone(tmp_path: Path) -> None:
    scorer, encoder = open_scorer(CHECKPOINT, (), SCORING, first=3)
    encoded = encoder.encode("The ending was clumsy.\nAnswer:", [" negative", " positive"])
    asked = [ScoringInput(encoded.prompt_ids, encoded.option_ids)]
    dense, _ = open_scorer(CHECKPOINT, (), SCORING)
    (found,), (expected,) = scorer.log_likelihoods(asked, [3]), dense.log_likelihoods(asked, [0])
    np.testing.assert_array_equal(found, expected)
    for level in (0, 4):
        with pytest.raises(ValueError, match="do not lie within"):
            scorer.log_likelihoods(asked, [level])


def test_no_levels() -> None:
    with pytest.raises(ValueError, match="no levels"):
        over_levels([], CHECKPOINT, SCORING, lambda *_: pl.DataFrame())
