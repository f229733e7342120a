"""What is resampled together in an import: examples about one passage, wherever it stands in the logged document."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from made_logs import DATE, Row, entry, write_lines

from keepfaith.imports.levels import read_task
from keepfaith.imports.tables import examples_table, passage_of_task, predictions_table
from keepfaith.statistics.assemble import compute_metrics
from keepfaith.statistics.clusters import group_examples
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
    levels = read_task(logs, passage).levels
    examples = examples_table(levels[0])
    said = passage_of_task(passage, examples)
    return compute_metrics(
        predictions_table(levels),
        examples,
        [],
        [],
        group_examples(examples, said),
        ANALYSIS,
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
        # Positions and keys that differ by row.
        lambda story, text: {"passages": [{"text": part} for part in swapped(story, own(text), text)]},
        lambda story, text: {"passages": swapped(story, own(text), text), "question": text},
        lambda story, text: {"passages": [own(text)] * (len(text) % 9) + [story], "question": text},
        lambda story, text: {"ctx": {f"p{number(text)}": story}, "question": text},
        lambda story, text: {"ctx": {story[6]: {"text": story}}, "question": text},
        lambda story, text: {"ctx": {f"p{number(text)}": [own(text), {"x": story}]}, "q": [text]},
        lambda story, text: {f"id{number(text)}": {"body": story}, "question": text},
        lambda story, text: dict(zip("ab", swapped(story, own(text), text), strict=True)) | {"q": text},
        lambda story, text: {"passage" if number(text) % 3 else "context": story, "question": text},
    ],
    ids=[
        "key", "blanks", "nested", "listed", "both", "places", "bare places", "any place", "ids", "ids of passages",
        "ids and places", "ids outside", "two keys", "renamed",
    ],
)  # fmt: skip
def test_passages_that_are_shorter_than_their_questions(document: Any, tmp_path: Path) -> None:
    stories = [STORIES[n // 10] for n in range(ROWS)]
    docs = [document(story, text) for story, text in zip(stories, SENTENCES, strict=True)]
    prompts = [
        f"{own(text)} {prompt}" for text, prompt in zip(SENTENCES, asked(stories), strict=True)
    ]
    assert clusters(metrics(docs, prompts, tmp_path)) == 6


def number(text: str) -> int:
    return int(text.split()[6].strip(","))


def own(text: str) -> str:
    """Another passage of a row, which no other row has."""
    return f"Beside it lay a ship of {number(text)} tons, and its crew of {number(text)}."


def swapped(one: str, other: str, text: str) -> list[str]:
    return [one, other] if number(text) % 2 else [other, one]


@pytest.mark.parametrize(
    "spell",
    [
        lambda story, n: story.upper() if n % 2 else story,
        lambda story, n: story.replace(" ", " " * (1 + n % 4)),
        lambda story, n: story.replace(" ", "\n") if n % 2 else story,
        lambda story, n: story.replace("c", "c" + "\u200b" * (n % 10)),
        lambda story, n: story.replace("e", "é" if n % 2 else "e\u0301"),
        lambda story, n: story.replace("t", "\uff54") if n % 2 else story,
    ],
    ids=["case", "blanks", "lines", "no width", "composed", "wide"],
)
def test_spellings_of_a_passage(spell: Any, tmp_path: Path) -> None:
    stories = [spell(STORIES[n // 10].strip(), n) for n in range(ROWS)]
    docs = [
        {"passage": story, "question": text} for story, text in zip(stories, SENTENCES, strict=True)
    ]
    assert len(set(stories)) > 6
    assert clusters(metrics(docs, asked(stories), tmp_path / "found")) == 6
    assert clusters(metrics(docs, asked(stories), tmp_path / "named", "passage")) == 6


def test_general_questions_do_not_link_passages(tmp_path: Path) -> None:
    """As in RACE: ten passages, and some of the questions are asked of several of them."""
    stories = [
        f"Story {n // 6}: the crane stood at the quay in week {n // 6}." for n in range(ROWS)
    ]
    questions = [
        "What would be the best title?" if n % 6 == 0 else SENTENCES[n] for n in range(ROWS)
    ]
    docs = [
        {"article": story, "question": question}
        for story, question in zip(stories, questions, strict=True)
    ]
    prompts = [f"{s}\n{q}\nAnswer:" for s, q in zip(stories, questions, strict=True)]
    assert clusters(metrics(docs, prompts, tmp_path)) == 10


def test_a_short_text_groups_examples_where_the_import_names_it(tmp_path: Path) -> None:
    topics = [f"topic {n % 10}" for n in range(ROWS)]
    docs = [
        {"meta": {"topic": topic}, "input": text}
        for topic, text in zip(topics, SENTENCES, strict=True)
    ]
    assert clusters(metrics(docs, asked(topics), tmp_path / "unsaid")) == ROWS
    assert clusters(metrics(docs, asked(topics), tmp_path / "said", "meta.topic")) == 10
    examples = examples_table(
        read_task({0: tmp_path / f"unsaid/0/samples_made_{DATE}.jsonl"}).levels[0]
    )
    (note,) = group_examples(examples).notes
    assert note.startswith(
        "60 independent texts were counted; examples also share texts of `meta.topic` (10)"
    )
    assert "type passage: " in note
    assert (
        group_examples(examples, "meta.topic").notes == group_examples(examples, "none").notes == []
    )
