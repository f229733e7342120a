"""Segments: where texts are cut, and what is left of a prompt when some of them go."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepfaith.coalitions.segments import SegmentError, remaining_text, segment


def pieces(text, count, fields=None):
    spans = segment(text, fields or [(0, len(text))], count)
    return [text[start:end] for start, end in spans]


@pytest.mark.parametrize(
    ("text", "count", "expected"),
    [
        ("a fine film", 10, ["a", "fine", "film"]),
        ("a fine film", 2, ["a", "fine film"]),
        ("one two three four", 2, ["one two", "three four"]),
        ("One. Two three four five six.", 2, ["One.", "Two three four five six."]),
        ("First, second third fourth fifth", 2, ["First,", "second third fourth fifth"]),
        ("Yes! (No.) Why? 'Ok.' End", 5, ["Yes!", "(No.)", "Why?", "'Ok.'", "End"]),
        ("这部电影很好。我喜欢。", 2, ["这部电影很好。", "我喜欢。"]),
        ("很好", 10, ["很", "好"]),
        ("", 3, None),
        ("  \n", 3, None),
    ],
)
def test_where_a_text_is_cut(text, count, expected):
    if expected is None:
        with pytest.raises(SegmentError, match="no word"):
            segment(text, [(0, len(text))], count)
    else:
        assert pieces(text, count) == expected


def test_fields_are_never_joined_and_template_text_is_in_no_segment():
    text = "Premise: it rains hard. Hypothesis: it is dry. Answer:"
    fields = [(9, 23), (36, 46)]
    assert pieces(text, 2, fields) == ["it rains hard.", "it is dry."]
    assert pieces(text, 3, fields) == ["it", "rains hard.", "it is dry."]
    with pytest.raises(SegmentError, match=r"2 fields hold text, and faithfulness\.segments is 1"):
        segment(text, fields, 1)


TEXTS = st.text(alphabet="ab .,!?\n很。", min_size=1, max_size=60)


@given(TEXTS, st.integers(1, 12))
def test_segments_hold_every_visible_character_once_in_order(text, count):
    field = (0, len(text))
    if not text.strip():
        return
    spans = segment(text, [field], count)
    assert 1 <= len(spans) <= count
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
    covered = "".join("".join(text[a:b].split()) for a, b in spans)
    assert covered == "".join(text.split())
    assert spans == segment(text, [field], count)


@given(TEXTS, st.integers(1, 6))
def test_keeping_all_gives_the_prompt_and_keeping_none_its_template(text, count):
    prompt = f"Text:\n{text}\nLabel:"
    field = (6, 6 + len(text))
    if not text.strip():
        return
    spans = segment(prompt, [field], count)
    assert remaining_text(prompt, [field], spans, 2 ** len(spans) - 1) == prompt
    nothing = remaining_text(prompt, [field], spans, 0)
    assert nothing.split() == ["Text:", "Label:"]


def test_no_white_space_is_doubled_and_none_begins_a_field():
    prompt = "Review: one two three. Verdict:"
    spans = segment(prompt, [(8, 22)], 3)
    left = {
        coalition: remaining_text(prompt, [(8, 22)], spans, coalition) for coalition in range(8)
    }
    assert left[0b101] == "Review: one three. Verdict:"
    assert left[0b110] == "Review: two three. Verdict:"
    assert left[0b011] == "Review: one two Verdict:"
    assert left[0b010] == "Review: two Verdict:"
    assert left[0b000] == "Review:  Verdict:"
