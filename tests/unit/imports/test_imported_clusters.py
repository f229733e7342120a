"""What is resampled together in an import: examples about one passage, wherever it stands in the logged document."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from made_logs import Row, entry, write_lines

from keepfaith.imports.levels import read_levels
from keepfaith.imports.tables import examples_table, passage_of_task, predictions_table
from keepfaith.statistics.assemble import compute_metrics
from keepfaith.statistics.settings import Analysis

ROWS = 60
ANALYSIS = Analysis(repetitions=400, null_repetitions=50)
INSTRUCTION = "Say whether the sentence of the financial news is good, bad or neither for the company it is about."
WORDINGS = [
    "Say whether this sentence of the news is good, bad or neither.",
    "Is this sentence of the news good, bad or neither, you think?",
    "Judge whether the following sentence is good, bad or neither.",
]
STORIES = [f"Story {n}: the crane stood at the quay in week {n}.\n" for n in range(6)]
SENTENCES = [
    f"Orion kept its dividend in week {n}, which was as expected of it by all." for n in range(ROWS)
]


def metrics(
    docs: list[Any], prompts: list[str], folder: Path, passage: str | None = None
) -> pl.DataFrame:
    """METRICS of a dense run that is always right and a pruned one that misses every fourth example."""

    def run(wrong: int) -> list[Row]:
        pairs = zip(docs, prompts, strict=True)
        return [
            entry(n, ["bad", "good"], n % 2, (n + (n % 4 < wrong)) % 2, right=n % 4 >= wrong, doc=doc, prompt=prompt)
            for n, (doc, prompt) in enumerate(pairs)
        ]  # fmt: skip

    logs = {
        level: write_lines(folder / str(level), run(wrong)) for level, wrong in ((0, 0), (4, 1))
    }
    levels = read_levels(logs, passage)
    examples = examples_table(levels[0])
    said = passage_of_task(passage, examples)
    return compute_metrics(
        predictions_table(levels), examples, [], [], ANALYSIS, flips=True, passage=said
    )


def clusters(table: pl.DataFrame) -> int:
    (found,) = table.filter(metric="accuracy", level=4)["clusters"].to_list()
    return int(found)


def asked(first: list[str]) -> list[str]:
    return [
        f"{before.strip()}\n{text}\nAnswer:" for before, text in zip(first, SENTENCES, strict=True)
    ]


@pytest.fixture
def plain(tmp_path: Path) -> pl.DataFrame:
    """The same answers where every example stands by itself."""
    docs = [{"input": text} for text in SENTENCES]
    return metrics(docs, asked([INSTRUCTION] * ROWS), tmp_path / "plain")


def test_an_instruction_of_all_examples_is_no_passage(plain: pl.DataFrame, tmp_path: Path) -> None:
    docs = [{"instruction": INSTRUCTION, "input": text} for text in SENTENCES]
    found = metrics(docs, asked([INSTRUCTION] * ROWS), tmp_path)
    assert clusters(found) == clusters(plain) == ROWS
    assert found.equals(plain)
    assert plain.filter(metric="accuracy", level=4)["change"].to_list() == [-0.25]


def test_wordings_of_an_instruction_are_no_passages_where_the_import_says_so(
    plain: pl.DataFrame, tmp_path: Path
) -> None:
    wordings = [WORDINGS[n % 3] for n in range(ROWS)]
    docs = [{"instruction": w, "input": text} for w, text in zip(wordings, SENTENCES, strict=True)]
    found = metrics(docs, asked(wordings), tmp_path / "none", "none")
    assert clusters(found) == ROWS
    assert found.equals(plain)
    assert clusters(metrics(docs, asked(wordings), tmp_path / "unsaid")) == 3
    assert clusters(metrics(docs, asked(wordings), tmp_path / "said", "input")) == ROWS


@pytest.mark.parametrize(
    "document",
    [
        lambda story, text: {"passage": story, "question": text},
        lambda story, text: {"question": text, "passage": f" \n{story}\t"},
        lambda story, text: {"question": text, "context": {"title": "x", "text": story}},
        lambda story, text: {
            "question": text,
            "stories": [story, "another that is not in the prompt"],
        },
        lambda story, text: {"paragraphs": [{"sentences": [{"text": story}]}], "question": text},
    ],
    ids=["key", "blanks", "nested", "listed", "both"],
)
def test_passages_that_are_shorter_than_their_questions(document: Any, tmp_path: Path) -> None:
    stories = [STORIES[n // 10] for n in range(ROWS)]
    docs = [document(story, text) for story, text in zip(stories, SENTENCES, strict=True)]
    assert clusters(metrics(docs, asked(stories), tmp_path)) == 6


def test_a_short_text_groups_examples_where_the_import_names_it(tmp_path: Path) -> None:
    topics = [f"topic {n % 10}" for n in range(ROWS)]
    docs = [
        {"meta": {"topic": topic}, "input": text}
        for topic, text in zip(topics, SENTENCES, strict=True)
    ]
    assert clusters(metrics(docs, asked(topics), tmp_path / "unsaid")) == ROWS
    assert clusters(metrics(docs, asked(topics), tmp_path / "said", "meta.topic")) == 10
