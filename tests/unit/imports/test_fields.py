"""Every text of a document that stands in the prompt is a field; a study may say which of them is a passage."""

import json
from pathlib import Path
from typing import Any

import pytest
from made_logs import Row, entry, write_lines

from keepfaith.config.errors import ConfigError
from keepfaith.imports.documents import document_texts
from keepfaith.imports.levels import check_logs, read_task
from keepfaith.imports.tables import examples_table, passage_of_task

STORY = "A crane stood at the quay for two weeks."
QUESTION = "Which of the ships in the harbour was unloaded last, and by whom?"
SHOT = "Question: How long did the crane stand there?\nAnswer: two weeks\n\n"


def fields(
    doc: Any, prompt: str, folder: Path, passage: str | None = None
) -> list[tuple[str, str]]:
    """Name and text of every field."""
    row = entry(0, ["a", "b"], 0, 0, doc=doc, prompt=prompt)
    table = examples_table(read_task({0: write_lines(folder, [row])}, passage).levels[0])
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
        ({"stories": ["Not there at all, not there.", STORY]}, [("stories.*", STORY)]),
        ({"a": [{"b": [STORY]}], "c": None}, [("a.*.b.*", STORY)]),
        ([{"text": STORY}], [("*.text", STORY)]),
        (STORY, [("doc", STORY)]),
        # The same text under two keys, and two keys that read alike.
        ({"one": STORY, "two": STORY}, [("one", STORY), ("two", STORY)]),
        ({"a.b": STORY, "a": {"b": QUESTION}}, [("a.b", STORY)]),
        # The rendered prompt, what does not stand there.
        ({"all": f"{PROMPT} ", "case": PROMPT.upper(), "other": STORY + "!"}, []),
        # Short texts stand there as words, and are none of the options.
        ({"short": "the quay for two", "part": "the quay for tw", "none": "nineteen characters"[:19]},
         [("short", "the quay for two")]),
        ({"answer": "a", "key": " A", "word": "A", "blank": " \u200b"}, []),
        # What a template changed: case, blanks, forms of Unicode, characters without width.
        ({"passage": STORY.upper()}, [("passage", STORY)]),
        ({"passage": STORY.replace(" ", " \n ")}, [("passage", STORY)]),
        ({"passage": "\ufeff" + "\u00ad".join(STORY)}, [("passage", STORY)]),
    ],
)  # fmt: skip
def test_texts_that_stand_in_the_prompt(
    doc: Any, expected: list[tuple[str, str]], tmp_path: Path
) -> None:
    assert fields(doc, PROMPT, tmp_path) == expected


def test_the_last_occurrence_counts(tmp_path: Path) -> None:
    prompt = f"{STORY} {SHOT}{STORY}\nAnswer:"
    row = entry(0, ["a", "b"], 0, 0, doc={"passage": STORY}, prompt=prompt)
    (line,) = read_task({0: write_lines(tmp_path, [row])}).levels[0].values()
    start = len(STORY) + 1 + len(SHOT)
    assert line.fields == (("passage", start, start + len(STORY)),)


def test_a_document_nested_more_deeply_than_functions_call_each_other(tmp_path: Path) -> None:
    doc: Any = STORY
    for _ in range(300):
        doc = {"a": [doc]}
    ((name, text),) = fields(doc, PROMPT, tmp_path)
    assert (name.count("a"), name.count("*"), text) == (300, 300, STORY)


@pytest.mark.parametrize(
    ("doc", "passage", "expected"),
    [
        ({"topic": " quay ", "passage": STORY}, "topic", [("topic", "quay"), ("passage", STORY)]),
        ({"topic": "quay", "passage": STORY}, "none", [("topic", "quay"), ("passage", STORY)]),
        # Part of a word, and an option.
        ({"topic": "qua"}, "topic", [("topic", "qua")]),
        ({"topic": "a"}, "topic", [("topic", "a")]),
        # One of several, by its place or by all of them.
        ({"stories": [QUESTION, STORY]}, "stories.1", [("stories.*", QUESTION), ("stories.1", STORY)]),
        ({"stories": [QUESTION, STORY]}, "stories.*", [("stories.*", QUESTION), ("stories.*", STORY)]),
        ({"stories": ["Not there at all, not there.", STORY]}, "stories.*", [("stories.*", STORY)]),
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


def outside(
    docs: list[Any], folder: Path, passage: str | None = None, prompt: str = PROMPT
) -> list[list[tuple[str, str]]]:
    """Name and text of what does not stand in the prompt, by document."""
    made = [entry(n, ["a", "b"], 0, 0, doc=doc, prompt=prompt) for n, doc in enumerate(docs)]
    table = examples_table(read_task({0: write_lines(folder, made)}, passage).levels[0])
    return [[(found["name"], found["text"]) for found in of] for of in table["outside"].to_list()]


@pytest.mark.parametrize(
    ("doc", "passage", "expected"),
    [
        ({"passage": STORY[::-1]}, "passage", STORY[::-1].lower()),
        ({"passage_id": 7}, "passage_id", "7"),
        ({"meta": {"passage_id": "story 7"}}, "meta.passage_id", "story 7"),
        ({"tokens": ["A", "tug", "left"]}, "tokens", '["a", "tug", "left"]'),
        ('{"passage_id": 7}', "passage_id", "7"),
    ],
    ids=["text", "number", "nested", "list", "JSON text"],
)
def test_a_named_key_groups_though_it_is_not_in_the_prompt(
    doc: Any, passage: str, expected: str, tmp_path: Path
) -> None:
    expected = expected.replace('"', "'") if "[" in expected else expected
    assert outside([doc, doc, {"other": 1}], tmp_path, passage) == [
        [(passage, expected)], [(passage, expected)], []
    ]  # fmt: skip


def test_texts_that_examples_share_and_their_prompts_do_not_hold(tmp_path: Path) -> None:
    docs: list[Any] = [
        # Shared; of one example alone; short; an option; in the prompt.
        {"text": "The *crane* stood at the quay.", "own": f"The ship number {n} was loaded.", "short": "not there",
         "option": "a", "passage": STORY}
        for n in range(2)
    ]  # fmt: skip
    shared = ("text", "the *crane* stood at the quay.")
    assert outside(docs, tmp_path) == [[shared], [shared]]


def test_html_entities_of_a_document_are_the_characters_of_the_prompt(tmp_path: Path) -> None:
    prompt = "R&D <b>stood</b> at the quay for weeks. Answer:"
    doc = {"passage": "R&amp;D &lt;b&gt;stood&lt;/b&gt; at the quay for weeks."}
    assert fields(doc, prompt, tmp_path) == [("passage", "R&D <b>stood</b> at the quay for weeks.")]


def test_a_document_that_is_json_text(tmp_path: Path) -> None:
    doc = json.dumps({"passage": STORY, "question": QUESTION})
    assert fields(doc, PROMPT, tmp_path) == [("passage", STORY), ("question", QUESTION)]


def test_a_key_that_is_another_one_in_every_example_is_said(tmp_path: Path) -> None:
    log = write_lines(tmp_path, rows([{"id": n, "group": n // 2} for n in range(4)]))
    (note,) = read_task({0: log}, "id").notes
    assert note.startswith("`id` differs in every example, so passage: id groups nothing")
    assert read_task({0: log}, "group").notes == []


def test_a_log_without_documents_is_said(tmp_path: Path) -> None:
    bare = [{key: row[key] for key in row if key != "doc"} for row in rows([{}] * 4)]
    log = write_lines(tmp_path, [*bare[:3], rows([{"id": n} for n in range(4)])[3]])
    (note,) = read_task({0: log}).notes
    assert note.startswith("3 of 4 examples are logged without their document (doc)")
    assert read_task({0: log}, "none").notes == []


@pytest.mark.parametrize(
    ("prompt", "text", "found"),
    [
        # Composed and decomposed, with what has no width in between.
        ("Le cafe\u0301 ouvre a\u0300 midi dix.", "café ouvre à midi dix", "cafe\u0301 ouvre a\u0300 midi dix"),
        ("Le café ouvre à huit heure\u0301!", "CAFE\u0301 OUVRE À HUIT HEURÉ", "café ouvre à huit heure\u0301"),
        ("Die STRASSE zum Hafen am Kai ist zu.", "Straße zum Hafen am Kai", "STRASSE zum Hafen am Kai"),
        ("A \u200b crane \u200b stood at \t a quay.", "crane stood at a quay.", "crane \u200b stood at \t a quay."),
        ("Once. ONCE  upon a time, at a quay. Twice.", "once upon a time, at a quay.", "ONCE  upon a time, at a quay."),
    ],
)  # fmt: skip
def test_a_text_that_a_template_changed_is_found_where_it_stands(
    prompt: str, text: str, found: str, tmp_path: Path
) -> None:
    assert fields({"passage": text}, prompt, tmp_path) == [("passage", found)]


def test_an_accent_behind_the_last_letter_makes_it_another_text(tmp_path: Path) -> None:
    prompt = "Le cafe\u0301 ouvre a\u0300 huit heure\u0301"
    assert fields({"passage": "LE CAFÉ OUVRE À HUIT HEURE"}, prompt, tmp_path) == []


def names(docs: list[Any], folder: Path) -> list[set[str]]:
    """Names of the fields of every document."""
    texts = [" ".join(document_texts(doc).values()) for doc in docs]
    rows = [
        entry(n, ["a", "b"], 0, 0, doc=doc, prompt=f"{text} Answer:")
        for n, (doc, text) in enumerate(zip(docs, texts, strict=True))
    ]
    log = read_task({0: write_lines(folder, rows)}).levels[0]
    return [{name for name, _, _ in line.fields} for line in log.values()]


@pytest.mark.parametrize(
    ("docs", "expected"),
    [
        # Ids: each is in few of the dictionaries, whatever lies below them.
        ([{"ctx": {f"p{n}": STORY}} for n in range(4)], ["ctx.*"] * 4),
        ([{"ctx": {f"p{n}": {"text": STORY, "no": n}}} for n in range(4)], ["ctx.*.text"] * 4),
        ([{f"p{n // 2}": {f"s{n}": [STORY]}} for n in range(4)], ["*.*.*"] * 4),
        ([{"a": [{f"p{n}": STORY}, {f"q{n}": 1}]} for n in range(4)], ["a.*.*"] * 4),
        # Names: most have them, or there is one that few have.
        ([{"ctx": {"text": STORY, f"p{n}": n}} for n in range(4)], ["ctx.text"] * 4),
        ([{"ctx": {"text": STORY} if n else None, "id": n} for n in range(4)], ["", *["ctx.text"] * 3]),
        ([{"id": n, **({"hint": STORY} if n == 3 else {})} for n in range(4)], ["", "", "", "hint"]),
    ],
)  # fmt: skip
def test_keys_that_are_ids_and_positions_are_no_names(
    docs: list[Any], expected: list[str], tmp_path: Path
) -> None:
    assert names(docs, tmp_path) == [{name} if name else set() for name in expected]


def rows(docs: list[Any]) -> list[Row]:
    return [entry(n, ["a", "b"], 0, 0, doc=doc, prompt=PROMPT) for n, doc in enumerate(docs)]


@pytest.mark.parametrize(
    ("passage", "expected"),
    [
        ("passge", "; did you mean 'passage'?"),
        ("ident", "; there are: id, passage, question"),
        ("meta.lists", "'meta.lists' names nothing"),
        ("meta.list.300", "'meta.list.300' names nothing"),
    ],
)
def test_a_passage_that_no_document_has(passage: str, expected: str, tmp_path: Path) -> None:
    docs = [{"id": 7, "passage": STORY, "question": QUESTION, "meta": {"list": ["a"] * 300}}]
    with pytest.raises(ConfigError) as refusal:
        check_logs([{0: write_lines(tmp_path, rows(docs))}], passage, "imports.x")
    message = str(refusal.value)
    assert message.startswith(
        f"imports.x: {passage!r} names nothing in any logged document; type none where"
    )
    assert expected in message
    assert len(message) < 200


def test_a_passage_of_one_of_several_tasks_is_enough(tmp_path: Path) -> None:
    logs = {
        task: {0: write_lines(tmp_path, rows([doc]), task)}
        for task, doc in {"one": {"passage": STORY}, "two": {"question": QUESTION}}.items()
    }
    check_logs(logs.values(), "passage", "imports.x")
    tables = {task: examples_table(read_task(of, "passage").levels[0]) for task, of in logs.items()}
    # The other task has no such text: there it is as if nobody had said.
    assert passage_of_task("passage", tables["one"]) == "passage"
    assert passage_of_task("passage", tables["two"]) is None
    assert passage_of_task("none", tables["two"]) == "none"
    assert passage_of_task(None, tables["one"]) is None


def test_a_table_without_any_field(tmp_path: Path) -> None:
    table = examples_table(read_task({0: write_lines(tmp_path, rows([{}]))}).levels[0])
    assert table["fields"].to_list() == [[]]
    assert passage_of_task("passage", table) is None
