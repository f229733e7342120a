"""A blank in the prompt: a prompt for each choice, after which the same text is scored (partial evaluation)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from pydantic import ValidationError
from small_models import byte_level_tokenizer, tiny_llama
from tables import write_rows
from tokenizers_at_hand import wordpiece_tokenizer

from keepfaith.calibration.guessing import guessing
from keepfaith.calibration.normalised import by_length
from keepfaith.calibration.probabilities import predicted
from keepfaith.config.schema import Examples, LocalTaskSource, Task
from keepfaith.config.settings import ResolvedTask
from keepfaith.models.removal import PrunableModel
from keepfaith.scoring.encoding import EncodingError, PromptEncoder
from keepfaith.scoring.predict import predict
from keepfaith.scoring.scorer import OptionScorer
from keepfaith.statistics.assemble import compute_metrics
from keepfaith.statistics.clusters import group_examples
from keepfaith.statistics.settings import Analysis
from keepfaith.statistics.verdict import verdict
from keepfaith.tasks.prepare import prepare_task
from keepfaith.tasks.sources import SourceError

ROWS = [
    {"sentence": f"Ann paid Eve {n} coins because _ {end}", "first": "Ann", "second": "Eve",
     "answer": str(1 + (n + k) % 2)}
    for n in range(5) for k, end in enumerate(("was rich. ", "had {sold} a lamp."))
]  # fmt: skip


def resolved(path: str, training: str | None = None, **changes: Any) -> ResolvedTask:
    source = LocalTaskSource(
        splits={"evaluation": path, "training": training},
        options=("first", "second"),
        label="answer",
        label_names=("1", "2"),
    )
    content: dict[str, Any] = {
        "version": 1,
        "description": "Who?",
        "prompt": "{sentence}",
        "fields": ("sentence",),
        "blank": "_",
        "sources": {"local": source.model_dump()},
    } | changes
    return ResolvedTask(name="who", task=Task(**content), source=source)


def prepared(folder: Path, rows: list[dict[str, Any]] = ROWS, **changes: Any) -> pl.DataFrame:
    path = write_rows(folder / "rows.jsonl", rows)
    return prepare_task(resolved(path, **changes), Examples(explanation=0, tuning=0)).examples


def test_contexts_and_continuation(tmp_path: Path) -> None:
    row = prepared(tmp_path).row(0, named=True)
    assert row["contexts"] == ["Ann paid Eve 0 coins because Ann", "Ann paid Eve 0 coins because Eve"]  # fmt: skip
    assert row["continuation"] == " was rich."
    assert row["prompt"] == "Ann paid Eve 0 coins because _ was rich."
    assert (row["options"], row["label"]) == ([" Ann", " Eve"], 0)
    assert row["fields"] == [{"name": "sentence", "start": 0, "end": len(row["prompt"])}]


def test_a_job_gets_the_task_as_plain_values(tmp_path: Path) -> None:
    task = resolved(write_rows(tmp_path / "rows.jsonl", ROWS))
    assert ResolvedTask(**task.model_dump(mode="json")) == task


def test_the_blank_may_be_in_the_template_and_choices_may_be_fixed(tmp_path: Path) -> None:
    table = [{"start": "It is warm, so I feel", "end": "today.", "label": 1}]
    source = LocalTaskSource(splits={"evaluation": write_rows(tmp_path / "t.jsonl", table)})
    task = Task(
        version=1, description="Mood.", prompt="Fill in. {start} ___ {end}", fields=("start", "end"), blank="___",
        options=("bad", "good"), sources={"local": source.model_dump()},
    )  # fmt: skip
    found = prepare_task(
        ResolvedTask(name="mood", task=task, source=source), Examples(explanation=0)
    )
    row = found.examples.row(0, named=True)
    assert row["contexts"] == [f"Fill in. It is warm, so I feel {each}" for each in ("bad", "good")]
    assert row["continuation"] == " today."


def test_solved_examples_have_their_blank_filled(tmp_path: Path) -> None:
    training = write_rows(tmp_path / "train.jsonl", [ROWS[0] | {"sentence": "Bob or _ won."}])
    row = prepared(tmp_path, training=training, few_shot=1).row(1, named=True)
    assert row["contexts"][1] == "Bob or Ann won.\n\nAnn paid Eve 0 coins because Eve"
    assert row["prompt"].startswith("Bob or Ann won.\n\nAnn paid")
    assert row["continuation"] == " had {sold} a lamp."


def scored(examples: pl.DataFrame, levels: tuple[int, ...] = (0, 1)) -> pl.DataFrame:
    tokenizer = byte_level_tokenizer()
    scorer = OptionScorer(PrunableModel(tiny_llama(len(tokenizer))), (1,), 600)
    return predict(scorer, PromptEncoder(tokenizer), examples, levels)


def test_log_likelihoods_are_those_of_the_model_one_text_at_a_time(tmp_path: Path) -> None:
    """The dense level, against a plain forward pass of each context with its continuation."""
    examples = prepared(tmp_path)
    table = scored(examples).filter(level=0)
    tokenizer = byte_level_tokenizer()
    model = tiny_llama(len(tokenizer))
    for row in examples.iter_rows(named=True):
        found = table.filter(example_id=row["example_id"]).sort("option")
        for context, value, tokens in zip(
            row["contexts"], found["log_likelihood"], found["tokens"], strict=True
        ):
            before = tokenizer(context).input_ids
            ids = tokenizer(context + row["continuation"]).input_ids
            with torch.no_grad():
                logits = model(torch.tensor([ids])).logits[0].double().log_softmax(-1)
            alone = sum(float(logits[k - 1, ids[k]]) for k in range(len(before), len(ids)))
            assert ids[: len(before)] == before and tokens == len(ids) - len(before)
            assert value == pytest.approx(alone, abs=1e-4)
    assert table["log_likelihood"].n_unique() == 2 * len(examples)


def test_metrics_and_verdict(tmp_path: Path) -> None:
    """Accuracy is that of the larger log-likelihood; by length nothing changes, as both continuations are the same."""
    examples = prepared(tmp_path)
    predictions = scored(examples)
    metrics = compute_metrics(
        predictions,
        examples,
        [],
        [],
        group_examples(examples, "none"),
        Analysis(null_repetitions=50, repetitions=200),
    )
    for level in (0, 1):
        wide = predictions.filter(level=level).pivot(
            "option", index="example_id", values="log_likelihood"
        )
        joined = examples.join(wide, on="example_id")
        right = (joined["1"] > joined["0"]).cast(pl.Int64) == joined["label"]
        rows = metrics.filter(level=level)
        values = dict(rows.select("metric", "value").iter_rows())
        assert values["accuracy"] == pytest.approx(right.mean(), abs=1e-6)
        for unit in ("byte", "character", "token"):
            assert values[f"accuracy_by_{unit}"] == values["accuracy"]
        assert values["brier"] is not None and values["matthews_correlation"] is not None
    assert metrics.filter(metric="kl_dense_level", level=1)["value"][0] > 0
    judged = verdict(metrics, {"accuracy": 0.02, "brier": 0.02})
    assert judged.filter(level=1)["quantity"].to_list() == ["accuracy", "brier"]
    assert judged["harm"].null_count() == 0
    lengths = by_length(predictions, examples, "character")
    assert lengths is not None
    ratio = predictions["log_likelihood"] / lengths.sort("level", "example_id", "option")["log_likelihood"]  # fmt: skip
    assert set(ratio.round(6)) <= {float(len(c.strip())) for c in examples["continuation"]}


def test_guessing_reads_the_choices_and_not_what_is_scored(tmp_path: Path) -> None:
    """Always Ann is right in 4 of 5 rows; texts after the blank say something else."""
    rows = [row | {"answer": "1" if n % 5 else "2"} for n, row in enumerate(ROWS)]
    examples = prepared(tmp_path, rows)
    found = predicted(scored(examples, (0,)), examples)
    assert found.guessing == pytest.approx(0.8)
    labels = examples["label"].to_numpy()
    wrong = guessing([[c, c] for c in examples["continuation"]], labels, examples["prompt"].to_list())  # fmt: skip
    assert wrong != pytest.approx(0.8)


def test_prompts_of_the_same_tokens(tmp_path: Path) -> None:
    """The tokenizer knows neither of the two characters that fill the blank."""
    rows = [ROWS[0] | {"first": "水", "second": "火"}]
    encoder = PromptEncoder(wordpiece_tokenizer())
    scorer = OptionScorer(PrunableModel(tiny_llama(len(encoder.tokenizer))), (), 600)
    with pytest.raises(
        EncodingError, match="choices '水' and '火' make prompts of the same tokens"
    ):
        predict(scorer, encoder, prepared(tmp_path, rows), [0])


@pytest.mark.parametrize(
    ("sentence", "words"),
    [
        ("Ann paid Eve.", r"line 2: its prompt contains the blank '_' 0 times instead of once; correct the row"),
        ("_ paid _.", "line 2: its prompt contains the blank '_' 2 times"),
        ("Ann paid _ ", "line 2: nothing follows the blank '_'"),
    ],
)  # fmt: skip
def test_a_row_without_one_blank(sentence: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=words):
        prepared(tmp_path, [ROWS[0], ROWS[1] | {"sentence": sentence}])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"delimiter": ""}, "delimiter: with a blank, the text after it is scored as it stands"),
        ({"blank": ""}, "blank"),
    ],
)
def test_a_task_that_cannot_have_a_blank(
    changes: Mapping[str, Any], words: str, tmp_path: Path
) -> None:
    with pytest.raises(ValidationError, match=words):
        resolved(str(tmp_path / "x.jsonl"), **changes)


def test_a_rationale_beside_a_blank(tmp_path: Path) -> None:
    local = resolved("x.jsonl").source.model_dump() | {"rationale": {"sentence": "why"}}
    with pytest.raises(ValidationError, match="rationale: a task with a blank is not explained"):
        resolved("x.jsonl", sources={"local": local})


def test_such_a_task_is_not_explained(tmp_path: Path) -> None:
    task = resolved(write_rows(tmp_path / "rows.jsonl", ROWS))
    with pytest.raises(SourceError, match=r"type examples: \{explanation: 0\} in the file"):
        prepare_task(task, Examples(explanation=2, tuning=0))
    assert np.array(prepared(tmp_path)["explanation"]).sum() == 0
