"""Differences between two studies, against numbers computed by hand."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from keepfaith.artifacts.provenance import Provenance
from keepfaith.artifacts.schemas import (
    EXAMPLES,
    EXPLANATIONS,
    METRICS,
    PREDICTIONS,
    TableSchema,
)
from keepfaith.artifacts.tables import conform, write_table
from keepfaith.comparison.cells import CellPair, StudyCell
from keepfaith.comparison.levels import Judging, compare_levels, matching_examples
from keepfaith.statistics.proportions import tango
from keepfaith.statistics.settings import Analysis

COUNT = 80
JUDGING = Judging(
    {"accuracy": 0.02, "ece": 0.02, "brier": 0.02, "faithfulness": 0.1},
    Analysis(null_repetitions=200, repetitions=400),
)


def table(rows: list[dict[str, object]], schema: TableSchema) -> pl.DataFrame:
    full = [{name: row.get(name) for name in schema.columns} for row in rows]
    return conform(pl.DataFrame(full, schema=dict(schema.columns)), schema)


def examples(count: int = COUNT, prefix: str = "e", text: str = "text") -> pl.DataFrame:
    return table(
        [
            {
                "example_id": f"{prefix}{row:03}",
                "row": row,
                "prompt": f"{text} {row} is unlike any other: {row**3}",
                "fields": [],
                "options": ["no", "yes"],
                "label": row % 2,
                "evaluation": True,
                "explanation": row < 30,
                "tuning": False,
            }
            for row in range(count)
        ],
        EXAMPLES,
    )


class World:
    """A results folder with one cell."""

    def __init__(self, folder: Path, model: str, seed: int, frame: pl.DataFrame) -> None:
        self.cell = StudyCell(folder, model, "cosine", "t")
        self.examples = frame
        random = np.random.default_rng(seed)
        labels = frame["label"].to_numpy()
        self.margins = random.normal(1.0, 1.5, (2, len(labels))) * np.where(labels == 1, 1, -1)
        self.faithfulness = random.uniform(-0.2, 1, (2, 30))
        self.write(frame["example_id"].to_list())

    def write(self, ids: list[str]) -> None:
        predictions = [
            {
                "level": level,
                "example_id": name,
                "option": option,
                "log_likelihood": value,
                "tokens": 1,
            }
            for level in (0, 3)
            for place, name in enumerate(ids)
            for option, value in enumerate((-3.0, -3.0 + self.margins[level // 3, place]))
        ]
        explanations = [
            {
                "level": level,
                "example_id": name,
                "operator": "delete",
                "method": "lime",
                "role": "method",
                "seed": 0,
                "target": 0,
                "segments": [],
                "scores": [1.0, 2.0],
                "faithfulness": self.faithfulness[level // 3, place],
            }
            for level in (0, 3)
            for place, name in enumerate(ids[:30])
        ]
        for frame, name, schema in (
            (table(predictions, PREDICTIONS), "predictions", PREDICTIONS),
            (table(explanations, EXPLANATIONS), "explanations", EXPLANATIONS),
            (table([], METRICS), "metrics", METRICS),
        ):
            write_table(
                frame, self.cell.table(name), schema, Provenance(settings={"passage": "none"})
            )
        write_table(self.examples, self.cell.examples, EXAMPLES, Provenance())

    def right(self, level: int) -> np.ndarray:
        return (self.margins[level // 3] > 0) == (self.examples["label"].to_numpy() == 1)

    def brier(self, level: int) -> np.ndarray:
        yes = 1 / (1 + np.exp(-self.margins[level // 3]))
        return 2 * (yes - self.examples["label"].to_numpy()) ** 2


@pytest.fixture
def worlds(tmp_path: Path) -> tuple[World, World]:
    return World(tmp_path / "a", "m", 1, examples()), World(tmp_path / "b", "n", 2, examples())


def compared(first: World, second: World) -> tuple[pl.DataFrame, list[str]]:
    return compare_levels(CellPair(first.cell, second.cell), JUDGING)


def row(found: pl.DataFrame, quantity: str, level: int) -> dict[str, object]:
    return found.filter(quantity=quantity, level=level).row(0, named=True)


@pytest.mark.parametrize("level", [0, 3])
def test_paired_differences_by_hand(worlds: tuple[World, World], level: int) -> None:
    first, second = worlds
    found, (note,) = compared(first, second)
    assert f"{COUNT} evaluated examples are in both" in note
    accuracy = row(found, "accuracy", level)
    own, other = first.right(level), second.right(level)
    assert accuracy["difference"] == pytest.approx(other.mean() - own.mean(), abs=1e-9)
    low, high = tango(int((other & ~own).sum()), int((own & ~other).sum()), COUNT)
    assert (accuracy["low"], accuracy["high"]) == pytest.approx((low, high), abs=1e-6)
    assert (accuracy["basis"], accuracy["examples"], accuracy["clusters"]) == (
        "paired",
        COUNT,
        COUNT,
    )
    brier = row(found, "brier", level)
    differences = second.brier(level) - first.brier(level)
    assert brier["difference"] == pytest.approx(differences.mean(), abs=1e-6)
    error = differences.std(ddof=1) / np.sqrt(COUNT)
    assert brier["low"] == pytest.approx(differences.mean() - 2 * error, abs=0.6 * error)
    assert brier["high"] == pytest.approx(differences.mean() + 2 * error, abs=0.6 * error)
    faithful = row(found, "faithfulness", level)
    differences = second.faithfulness[level // 3] - first.faithfulness[level // 3]
    assert faithful["difference"] == pytest.approx(differences.mean(), abs=1e-6)
    assert (faithful["examples"], faithful["method"]) == (30, "lime")
    assert faithful["low"] < differences.mean() < faithful["high"]
    ece = row(found, "ece", level)
    assert ece["difference"] == pytest.approx(ece["second"] - ece["first"])


def test_the_status_is_the_one_that_the_second_would_have_against_the_first(
    worlds: tuple[World, World],
) -> None:
    first, second = worlds
    second.margins = -np.abs(second.margins) * np.where(second.examples["label"] == 1, 1, -1)
    second.write(second.examples["example_id"].to_list())  # always wrong
    found, _ = compared(first, second)
    back, _ = compared(second, first)
    assert row(found, "accuracy", 0)["status"] == "degraded"
    # Below chance there is nothing to keep, as in a verdict.
    assert row(back, "accuracy", 0)["status"] == "undecided"
    assert row(back, "accuracy", 0)["difference"] == -row(found, "accuracy", 0)["difference"]


def test_equal_studies_are_identical(worlds: tuple[World, World]) -> None:
    first, _ = worlds
    found, _ = compared(first, first)
    assert set(found["basis"]) == {"identical"} and set(found["status"]) == {"kept"}
    assert found.select(pl.col("difference", "low", "high").abs().max()).row(0) == (0, 0, 0)


def test_the_order_of_examples_does_not_matter(worlds: tuple[World, World]) -> None:
    first, second = worlds
    expected, _ = compared(first, second)
    second.examples = second.examples.sample(fraction=1, shuffle=True, seed=0)
    write_table(second.examples, second.cell.examples, EXAMPLES, Provenance())
    assert compared(first, second)[0].equals(expected)


def test_only_examples_of_both_studies_count(tmp_path: Path) -> None:
    first = World(tmp_path / "a", "m", 1, examples())
    second = World(tmp_path / "b", "m", 2, examples(50))
    found, (note,) = compared(first, second)
    assert "50 evaluated examples are in both studies (of 80 and 50)" in note
    own, other = first.right(0)[:50], second.right(0)
    assert row(found, "accuracy", 0)["first"] == pytest.approx(own.mean())
    assert row(found, "accuracy", 0)["difference"] == pytest.approx(other.mean() - own.mean())


def test_a_chat_template_changes_no_example() -> None:
    own = examples()
    asked = own.with_columns(
        prompt=pl.lit(" ") + pl.col("prompt") + pl.lit(" "),
        options=pl.lit([" no", " yes"]),
    )
    assert matching_examples(own, asked)["example_id"].to_list() == own["example_id"].to_list()


def test_an_example_of_another_text_or_label_is_another_example() -> None:
    own = examples()
    assert matching_examples(own, own).equals(own)
    assert matching_examples(own, examples(text="other")).is_empty()
    changed = own.with_columns(
        label=pl.when(pl.col("row") < 10).then(1 - pl.col("label")).otherwise("label")
    )
    assert matching_examples(own, changed)["row"].to_list() == list(range(10, COUNT))


def test_without_common_examples_intervals_go_from_end_to_end(tmp_path: Path) -> None:
    first = World(tmp_path / "a", "m", 1, examples())
    second = World(tmp_path / "b", "m", 2, examples(prefix="f"))
    for world, value in ((first, 0.6), (second, 0.7)):
        metrics = table(
            [
                {
                    "level": 3, "family": "accuracy", "metric": "accuracy", "value": value,
                    "low": value - 0.1, "high": value + 0.05, "examples": 80, "clusters": 80,
                }
            ],
            METRICS,
        )  # fmt: skip
        write_table(metrics, world.cell.table("metrics"), METRICS, Provenance())
    found, (note,) = compared(first, second)
    assert "no evaluated example is in both" in note
    (only,) = found.iter_rows(named=True)
    assert (only["basis"], only["status"]) == ("independent", None)
    assert (only["difference"], only["low"], only["high"]) == pytest.approx((0.1, -0.05, 0.25))


def test_rankings_operators_and_controls_are_not_mixed(tmp_path: Path) -> None:
    first = World(tmp_path / "a", "m", 1, examples())
    second = World(tmp_path / "b", "m", 2, examples(prefix="f"))
    kinds = [("method", "delete", "method"), ("method", "delete", "reversed"), ("method", "retokenise", "method"),
             ("control", "retokenise", "method")]  # fmt: skip
    for world, shift in ((first, 0.0), (second, 0.1)):
        rows: list[dict[str, object]] = [
            {
                "level": 3, "family": "faithfulness", "metric": "comprehensiveness_study", "method": "lime",
                "role": role, "operator": operator, "ranking": ranking, "value": place + shift,
            }
            for place, (role, operator, ranking) in enumerate(kinds)
        ]  # fmt: skip
        write_table(table(rows, METRICS), world.cell.table("metrics"), METRICS, Provenance())
    (only,) = compared(first, second)[0].iter_rows(named=True)
    assert (only["first"], only["second"]) == pytest.approx((2.0, 2.1))  # as a verdict judges


def test_examples_that_a_tokenizer_left_out_are_not_missed(worlds: tuple[World, World]) -> None:
    first, second = worlds
    frame = pl.read_parquet(second.cell.table("predictions"))
    left = frame.filter(pl.col("example_id") != "e000")
    made = Provenance(measured={"left_out": ["e000"]})
    write_table(left, second.cell.table("predictions"), PREDICTIONS, made)
    found, (note,) = compared(first, second)
    assert (
        f"{COUNT - 1} evaluated examples are in both studies (of {COUNT} and {COUNT - 1})" in note
    )
    assert row(found, "accuracy", 0)["examples"] == COUNT - 1


@pytest.mark.parametrize(("setting", "value"), [("segments", 6), ("removal", "mean")])
def test_another_game_is_not_compared(
    worlds: tuple[World, World], setting: str, value: object
) -> None:
    first, second = worlds
    for world, own in ((first, {"segments": 8, "removal": "delete"}), (second, {})):
        settings = own or {"segments": 8, "removal": "delete", setting: value}
        frame = pl.read_parquet(world.cell.table("explanations"))
        write_table(
            frame, world.cell.table("explanations"), EXPLANATIONS, Provenance(settings=settings)
        )
    found, notes = compared(first, second)
    assert set(found["quantity"]) == {"accuracy", "ece", "brier"}
    assert f"{setting} is " in notes[-1] and f"{value} in the second" in notes[-1]


def test_other_probabilities_are_named(worlds: tuple[World, World]) -> None:
    first, second = worlds
    settings = {"passage": "none", "probabilities": "byte"}
    write_table(
        table([], METRICS), second.cell.table("metrics"), METRICS, Provenance(settings=settings)
    )
    assert "the two studies judged those by None and by byte" in " ".join(
        compared(first, second)[1]
    )


def test_quantities_that_are_not_compared_are_named(worlds: tuple[World, World]) -> None:
    for world in worlds:
        rows: list[dict[str, object]] = [
            {"level": 3, "metric": "comprehensiveness_study", "method": "lime", "value": 0.1}
        ]
        made = Provenance(settings={"passage": "none"})
        write_table(table(rows, METRICS), world.cell.table("metrics"), METRICS, made)
    notes = compared(*worlds)[1]
    assert "comprehensiveness: of the study's protocol" in notes[-1]


def test_examples_are_grouped_as_the_whole_first_study_groups_them(tmp_path: Path) -> None:
    """Of 60 examples of six passages, the common ten share one: it is a passage, though all of these have it."""
    frame = examples(60).with_columns(
        prompt=pl.format("a passage of some length, number {}; {}", pl.col("row") // 10, "row")
    )
    spans = [
        [{"name": "passage", "start": 0, "end": len("a passage of some length, number 0")}]
    ] * 60
    frame = conform(
        frame.with_columns(fields=pl.Series(spans, dtype=EXAMPLES.columns["fields"])), EXAMPLES
    )
    first = World(tmp_path / "a", "m", 1, frame)
    second = World(tmp_path / "b", "n", 2, frame.head(10))
    write_table(table([], METRICS), first.cell.table("metrics"), METRICS, Provenance())
    found, _ = compared(first, second)
    accuracy = row(found, "accuracy", 0)
    assert (accuracy["examples"], accuracy["clusters"], accuracy["low"]) == (10, 1, None)


def test_levels_of_one_study_alone_are_named(worlds: tuple[World, World]) -> None:
    first, second = worlds
    frame = pl.read_parquet(first.cell.table("predictions")).filter(pl.col("level") == 0)
    write_table(frame, first.cell.table("predictions"), PREDICTIONS, Provenance())
    found, notes = compared(first, second)
    assert set(found["level"]) == {0}
    assert "levels 3 are in the second study alone" in notes[0]


def test_methods_of_one_study_alone_are_named(worlds: tuple[World, World]) -> None:
    first, second = worlds
    frame = pl.read_parquet(first.cell.table("explanations"))
    more = pl.concat([frame, frame.with_columns(method=pl.lit("kernelshap"))])
    write_table(more, first.cell.table("explanations"), EXPLANATIONS, Provenance())
    found, notes = compared(first, second)
    assert set(found["method"].drop_nulls()) == {"lime"}
    assert "KernelSHAP in one study alone, not compared." in " ".join(notes)


def test_without_explanations_the_rest_is_compared(worlds: tuple[World, World]) -> None:
    first, second = worlds
    second.cell.table("explanations").unlink()
    found, notes = compared(first, second)
    assert set(found["quantity"]) == {"accuracy", "ece", "brier"}
    assert "faithfulness is not compared" in notes[-1]
