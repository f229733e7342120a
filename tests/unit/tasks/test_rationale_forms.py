"""Rationales as spans, as flags of words, and of several annotators; none where a row has none."""

from pathlib import Path
from typing import Any

import pytest
from tables import examples, resolved, write_rows

from keepfaith.tasks.prepare import prepare_task
from keepfaith.tasks.sources import SourceError


def marked(tmp_path: Path, rationale: object, *table: dict[str, Any]) -> list[Any]:
    """The texts of every row's rationale, None for a row without."""
    path = write_rows(tmp_path / "t.jsonl", [{"label": 0} | row for row in table])
    task = resolved({"evaluation": path}, prompt="Read: {text}\n:", rationale={"text": rationale})
    frame = prepare_task(task, examples(explanation=1)).examples
    return [
        spans and [prompt[span["start"] : span["end"]] for span in spans]
        for prompt, spans in frame.select("prompt", "rationale").iter_rows()
    ]


TEXT = "not  a good film"


def test_spans_and_rows_without(tmp_path: Path) -> None:
    rows = [{"text": TEXT, "why": [[0, 3]]}, {"text": TEXT, "why": None}, {"text": TEXT},
            {"text": TEXT, "why": []}]  # fmt: skip
    expected = [["not"], None, None, []]
    assert marked(tmp_path, "why", *rows) == expected
    assert marked(tmp_path, {"column": "why"}, *rows) == expected


def test_a_column_that_the_first_row_lacks_is_misspelt(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"line 1: no column 'wy'; did you mean 'why'\?$"):
        marked(tmp_path, "wy", {"text": TEXT, "why": [[0, 3]]})


def test_flags_of_words(tmp_path: Path) -> None:
    found = marked(
        tmp_path,
        {"column": "why", "form": "flags"},
        {"text": TEXT, "why": [1, 0, 1, 1]},
        {"text": TEXT, "why": [True, True, False, False]},
        {"text": ["not", "a", "good", "film"], "why": [0, 0, 1, 0]},
        {"text": TEXT, "why": None},
        {"text": TEXT, "why": [0, 0, 0, 0]},
    )
    assert found == [["not", "good film"], ["not  a"], ["good"], None, []]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"text": TEXT, "why": [1, 0, 1]}, "has 3 flags for a field of 4 words; split the field"),
        ({"text": TEXT, "why": [1, 0, 2, 0]}, "flag 2 is neither 0 nor 1"),
        ({"text": TEXT, "why": "1010"}, "must be a list of flags"),
        ({"text": ["not a", "good"], "why": [1, 0]}, "'not a' is not one word; split it"),
        ({"text": ["not", 7], "why": [1, 0]}, "must be text, got 7"),
    ],
)
def test_flags_that_do_not_fit(row: dict[str, Any], words: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=f"line 1: column .*{words}"):
        marked(tmp_path, {"column": "why", "form": "flags"}, row)


def test_a_list_of_words_is_a_field_only_with_flags(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="column 'text' must be text"):
        marked(tmp_path, "why", {"text": ["not", "a"], "why": [[0, 3]]})


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        (1 / 3, ["not", "good film"]),
        (0.5, ["not", "film"]),
        (2 / 3, ["not", "film"]),
        (1, ["film"]),
    ],
)
def test_what_a_share_of_the_annotators_marked(
    share: float, expected: list[str], tmp_path: Path
) -> None:
    """As in HateXplain: the words that three annotators marked; one word by all, one by two, one by one."""
    why = [[1, 0, 0, 1], [1, 0, 1, 1], [0, 0, 0, 1]]
    rationale = {"column": "why", "form": "flags", "share": share}
    rows = (
        {"text": TEXT, "why": why},
        {"text": TEXT, "why": [*why, None]},
        {"text": TEXT, "why": []},
    )
    assert marked(tmp_path, rationale, *rows) == [expected, expected, None]
    spans = {"text": TEXT, "why": [[[0, 3], [12, 16]], [[0, 3], [7, 16]], [[12, 16]]]}
    assert marked(tmp_path, {"column": "why", "share": share}, spans) == [expected]


@pytest.mark.parametrize("share", [0, 1.1, "half"])
def test_a_share_is_above_0_and_at_most_1(share: object, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="share"):
        marked(tmp_path, {"column": "why", "share": share}, {"text": TEXT, "why": []})


def test_the_first_row_that_is_read_must_have_the_column(tmp_path: Path) -> None:
    rows = [{"text": TEXT, "s": "art"}, {"text": TEXT, "s": "law"}, {"text": TEXT, "s": "law"}]
    path = write_rows(tmp_path / "t.jsonl", [{"label": 0, "why": [[0, 3]]} | row for row in rows])
    task = resolved(
        {"evaluation": path},
        prompt="Read: {text}\n:",
        rationale={"text": "wy"},
        only={"s": ["law"]},
    )
    with pytest.raises(SourceError, match=r"line 2: no column 'wy'; did you mean 'why'\?$"):
        prepare_task(task, examples(explanation=1))
