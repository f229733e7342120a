"""A prompt knows which characters are whose, whatever the field texts hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepfaith.config.placeholders import parse, placeholders
from keepfaith.tasks.templates import render_prompt

anything = st.text(st.characters(exclude_categories=["Cs"]))
tricky = st.sampled_from(
    ["{text}", "{", "}}", "{0.__class__}", "\n", "\u2028", "\x00", "é😀", "%s", "a\tb", " x"]
)


@given(anything | tricky, anything | tricky)
def test_spans_hold_the_field_texts(first: str, second: str) -> None:
    template = "Read: {first}\nThen {second}. {first}\nAnswer:"
    prompt = render_prompt(template, {"first": first, "second": second})
    assert [span.name for span in prompt.fields] == ["first", "second", "first"]
    for span in prompt.fields:
        assert prompt.text[span.start : span.end] == {"first": first, "second": second}[span.name]
    assert prompt.text == f"Read: {first}\nThen {second}. {first}\nAnswer:"


@given(anything | tricky)
def test_a_prompt_never_ends_in_white_space(text: str) -> None:
    prompt = render_prompt("{text}", {"text": text})
    assert prompt.text == text.rstrip()
    assert prompt.fields == (("text", 0, len(text.rstrip())),)


@given(anything, anything)
def test_what_is_outside_the_fields_is_the_template(first: str, second: str) -> None:
    prompt = render_prompt("A {x} B {y} C", {"x": first, "y": second})
    x, y = prompt.fields
    outside = prompt.text[: x.start] + prompt.text[x.end : y.start] + prompt.text[y.end :]
    assert outside == "A  B  C"


def test_doubled_braces_are_literal() -> None:
    prompt = render_prompt("{{{text}}} {{json}}", {"text": "x"})
    assert prompt.text == "{x} {json}"
    assert prompt.fields == (("text", 1, 2),)
    assert placeholders("{{text}} {a}{b}{a}") == ["a", "b"]


@pytest.mark.parametrize(
    "template", ["{", "}", "{text", "text}", "{text.upper}", "{text!r}", "{text:>9}", "{}", "{0}"]
)
def test_anything_but_a_field_name_in_braces_is_refused(template: str) -> None:
    with pytest.raises(ValueError, match="single brace"):
        parse(template)


def test_a_field_that_is_not_given() -> None:
    with pytest.raises(KeyError):
        render_prompt("{text}", {})
