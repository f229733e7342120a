"""Every text of a document that stands in the prompt is a field; a study may say which of them is a passage."""

from pathlib import Path
from typing import Any

import pytest
from made_logs import Row, entry, write_lines

from keepfaith.config.errors import ConfigError
from keepfaith.imports.levels import check_logs, read_levels
from keepfaith.imports.tables import examples_table, passage_of_task

STORY = "A crane stood at the quay for two weeks."
QUESTION = "Which of the ships in the harbour was unloaded last, and by whom?"
SHOT = "Question: How long did the crane stand there?\nAnswer: two weeks\n\n"


def fields(
    doc: Any, prompt: str, folder: Path, passage: str | None = None
) -> list[tuple[str, str]]:
    """Name and text of every field."""
    row = entry(0, ["a", "b"], 0, 0, doc=doc, prompt=prompt)
    table = examples_table(read_levels({0: write_lines(folder, [row])}, passage)[0])
    (found,) = table["fields"].to_list()
    return [(field["name"], prompt[field["start"] : field["end"]]) for field in found]


PROMPT = f"{STORY}\nQuestion: {QUESTION}\nAnswer:"


@pytest.mark.parametrize(
    ("doc", "expected"),
    [
        ({"passage": STORY, "question": QUESTION}, [("passage", STORY), ("question", QUESTION)]),
        ({"question": QUESTION, "passage": STORY}, [("question", QUESTION), ("passage", STORY)]),
        # Blanks at the ends are not looked at.
        ({"passage": f"  {STORY}\n", "question": QUESTION}, [("passage", STORY), ("question", QUESTION)]),
        # Nested and listed texts.
        ({"context": {"text": STORY}, "id": 1}, [("context.text", STORY)]),
        ({"stories": ["Not there at all, not there.", STORY]}, [("stories.1", STORY)]),
        ({"a": [{"b": [STORY]}], "c": None}, [("a.0.b.0", STORY)]),
        ([{"text": STORY}], [("0.text", STORY)]),
        (STORY, [("doc", STORY)]),
        # The same text under two keys, and two keys that read alike.
        ({"one": STORY, "two": STORY}, [("one", STORY), ("two", STORY)]),
        ({"a.b": STORY, "a": {"b": QUESTION}}, [("a.b", STORY)]),
        # Short texts, the rendered prompt, what does not stand there.
        ({"short": "the quay for two", "all": f"{PROMPT} ", "other": STORY + "!"}, []),
        ({"19": "nineteen characters"[:19]}, []),
    ],
)  # fmt: skip
def test_texts_that_stand_in_the_prompt(
    doc: Any, expected: list[tuple[str, str]], tmp_path: Path
) -> None:
    assert fields(doc, PROMPT, tmp_path) == expected


def test_the_last_occurrence_counts(tmp_path: Path) -> None:
    prompt = f"{STORY} {SHOT}{STORY}\nAnswer:"
    row = entry(0, ["a", "b"], 0, 0, doc={"passage": STORY}, prompt=prompt)
    (line,) = read_levels({0: write_lines(tmp_path, [row])})[0].values()
    start = len(STORY) + 1 + len(SHOT)
    assert line.fields == (("passage", start, start + len(STORY)),)


def test_a_document_nested_more_deeply_than_functions_call_each_other(tmp_path: Path) -> None:
    doc: Any = STORY
    for _ in range(300):
        doc = {"a": [doc]}
    ((name, text),) = fields(doc, PROMPT, tmp_path)
    assert (name.count("a"), name.count("0"), text) == (300, 300, STORY)


@pytest.mark.parametrize(
    ("doc", "passage", "expected"),
    [
        ({"topic": " quay ", "passage": STORY}, "topic", [("topic", "quay"), ("passage", STORY)]),
        ({"topic": "quay", "passage": STORY}, "none", [("passage", STORY)]),
        ({"meta": {"topic": "quay"}}, "meta.topic", [("meta.topic", "quay")]),
        ({"all": PROMPT}, "all", [("all", PROMPT)]),
        # Some documents have none.
        ({"passage": STORY}, "topic", [("passage", STORY)]),
        ({"topic": "", "passage": STORY}, "topic", [("passage", STORY)]),
        ({"topic": None, "passage": STORY}, "topic", [("passage", STORY)]),
    ],
)  # fmt: skip
def test_a_named_passage_is_a_field_though_it_is_short(
    doc: Any, passage: str, expected: list[tuple[str, str]], tmp_path: Path
) -> None:
    assert fields(doc, PROMPT, tmp_path, passage) == expected


def test_a_named_passage_that_the_prompt_does_not_hold(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refusal:
        fields({"passage": STORY.upper()}, PROMPT, tmp_path, "passage")
    assert "line 1: the document's 'passage' ('A CRANE STOOD" in str(refusal.value)
    assert "type passage: none" in str(refusal.value)


def rows(docs: list[Any]) -> list[Row]:
    return [entry(n, ["a", "b"], 0, 0, doc=doc, prompt=PROMPT) for n, doc in enumerate(docs)]


@pytest.mark.parametrize(
    ("passage", "expected"),
    [
        ("passge", "; did you mean 'passage'?"),
        ("id", "; there are: passage, question"),
        ("meta", "; there are: passage, question"),
        ("meta.list", "'meta.list' names no text"),
        ("meta.list.300", "'meta.list.300' names no text"),
    ],
)
def test_a_passage_that_no_document_has(passage: str, expected: str, tmp_path: Path) -> None:
    docs = [{"id": 7, "passage": STORY, "question": QUESTION, "meta": {"list": ["a"] * 300}}]
    with pytest.raises(ConfigError) as refusal:
        check_logs([{0: write_lines(tmp_path, rows(docs))}], passage, "imports.x")
    message = str(refusal.value)
    assert message.startswith(
        f"imports.x: {passage!r} names no text of any logged document; type none where"
    )
    assert expected in message
    assert len(message) < 200


def test_a_passage_of_one_of_several_tasks_is_enough(tmp_path: Path) -> None:
    logs = {
        task: {0: write_lines(tmp_path, rows([doc]), task)}
        for task, doc in {"one": {"passage": STORY}, "two": {"question": QUESTION}}.items()
    }
    check_logs(logs.values(), "passage", "imports.x")
    tables = {task: examples_table(read_levels(of, "passage")[0]) for task, of in logs.items()}
    # The other task has no such text: there it is as if nobody had said.
    assert passage_of_task("passage", tables["one"]) == "passage"
    assert passage_of_task("passage", tables["two"]) is None
    assert passage_of_task("none", tables["two"]) == "none"
    assert passage_of_task(None, tables["one"]) is None


def test_a_table_without_any_field(tmp_path: Path) -> None:
    table = examples_table(read_levels({0: write_lines(tmp_path, rows([{}]))})[0])
    assert table["fields"].to_list() == [[]]
    assert passage_of_task("passage", table) is None
