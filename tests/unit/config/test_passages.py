"""Spellings of one text are equal, and texts that differ stay different."""

import unicodedata

import pytest

from keepfaith.config.passages import comparable, is_short

STORY = (
    "The café at the quay — it's called 'Möwe' — opened in week 12, and the crane stood beside it."
)


@pytest.mark.parametrize(
    "spell",
    [
        str.upper,
        str.title,
        lambda text: f" \t{text}\n",
        lambda text: text.replace(" ", "  "),
        lambda text: text.replace(" ", "\r\n"),
        lambda text: text.replace(" ", "\u00a0"),
        lambda text: text.replace(" ", "\u2009"),
        lambda text: "\ufeff" + text,
        lambda text: "\u200b".join(text),
        lambda text: "\u00ad".join(text),
        lambda text: "\u2060\u200d".join(text),
        lambda text: text.replace("w", "w\ufe0f\x00"),
        lambda text: unicodedata.normalize("NFD", text),
        lambda text: "\u200b".join(unicodedata.normalize("NFD", text)),
        lambda text: text.replace("c", "\uff43").replace("1", "\uff11"),
        lambda text: text.replace("'", "\u2019").replace("—", "-"),
        lambda text: text.replace("'", "\u00b4").replace("—", "\uff0d"),
        lambda text: text.replace("'", "\u201c").replace("—", "\u2013"),
    ],
)
def test_spellings_of_one_text(spell):
    assert spell(STORY) != STORY
    assert comparable(spell(STORY)) == comparable(STORY)


def test_letters_that_fold_to_several_and_ligatures():
    assert comparable("Straße") == comparable("STRASSE") == comparable("strasse")
    assert comparable("oﬃce") == comparable("OFFICE")
    assert comparable("ΟΔΟΣ") == comparable("οδος") == comparable("οδοσ")


@pytest.mark.parametrize(
    "other",
    [
        STORY.replace("12", "13"),
        STORY.replace("é", "e"),
        STORY.replace("opened", "op ened"),
        STORY[:-1],
        STORY + " Really.",
    ],
)
def test_other_texts_stay_others(other):
    assert comparable(other) != comparable(STORY)


def test_it_changes_nothing_twice():
    assert comparable(comparable(STORY.upper())) == comparable(STORY)
    assert comparable("\u200b \x00\n\ufeff") == ""


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("a" * 19, True),
        ("a" * 20, False),
        ("中" * 9, True),
        ("中" * 10, False),
        ("中" * 5 + "a" * 9, True),
        ("中" * 5 + "a" * 10, False),
        ("", True),
    ],
)
def test_wide_characters_count_twice(text, short):
    assert is_short(text) == short
