"""Characters of a token, for tokenizers that report offsets in different ways."""

import pytest
from small_models import byte_level_tokenizer, merging_tokenizer
from tokenizers import normalizers
from tokenizers_at_hand import MAKERS, TEXTS, tokenizer_at_hand

from keepfaith.scoring.characters import covered_characters, first_dropped, without
from keepfaith.scoring.encoding import EncodingError, PromptEncoder
from keepfaith.scoring.tokens import tokenise


def covered(name, text):
    tokenizer = tokenizer_at_hand(name)
    tokens = tokenise(tokenizer, text, False)
    pieces = tokenizer.convert_ids_to_tokens(list(tokens.ids))
    return [text[slice(*span)] for span in covered_characters(text, pieces, tokens.offsets)]


@pytest.mark.parametrize("name", ["byte_level", "trimming"])
def test_spaces_belong_to_the_token_that_spells_them(name):
    text = "The film  was\n not good"
    assert "".join(covered(name, text)) == text
    assert " was" in covered(name, text)


def test_trimmed_spaces_after_a_token_and_tokens_of_spaces_alone():
    text = ":  a   b"
    pieces, offsets = [":Ġ", "Ġa", "ĠĠ", "Ġb"], [(0, 1), (3, 4), (6, 6), (7, 8)]
    spans = covered_characters(text, pieces, offsets)
    assert [text[slice(*span)] for span in spans] == [": ", " a", "  ", " b"]


def test_a_first_space_that_the_text_does_not_have_covers_nothing():
    assert covered("metaspace_bos", "漢 film")[:2] == ["", "漢"]
    pieces, offsets = ["</s>", "▁", "<0x0A>", "B"], [(1, 5), (5, 6), (5, 6), (6, 7)]
    spans = covered_characters("A</s>\nB", pieces, offsets)
    assert spans == [(1, 5), (5, 5), (5, 6), (6, 7)]


def test_marks_that_normalisation_drops_go_with_the_character_that_they_combine_with():
    assert covered("bare_bpe", "cafe\u0301s")[-2:] == ["e\u0301", "s"]
    composing = byte_level_tokenizer()
    composing.backend_tokenizer.normalizer = normalizers.NFC()
    encoded = PromptEncoder(composing).encode("cafe\u0301s\u0301 no", [" yes"])
    spans = [span for span in encoded.characters if span[0] == 3]
    assert spans == [(3, 5), (3, 5)]  # two bytes of one composed letter
    assert covered("wordpiece", "is\u200b no") == ["is\u200b", "no"]


def test_only_characters_go_that_no_fixed_token_needs():
    assert without("ab<s>cd", [(1, 3), (5, 6)], [(2, 5)]) == "a<s>d"
    assert without("", [], []) == ""


def test_first_dropped_looks_past_spaces_and_marks():
    assert first_dropped("a \u0301b", [(0, 1)]) == 3
    assert first_dropped("a \u0301b", [(0, 1), (3, 4)]) is None


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_every_character_that_can_be_seen_belongs_to_a_token(name, text):
    encoded = PromptEncoder(tokenizer_at_hand(name)).encode(text, [" no"])
    seen = text.replace("▁", " ") if name == "unigram" else text  # to which both are spaces
    assert first_dropped(seen, encoded.characters) is None
    assert all(0 <= a <= b <= len(text.rstrip()) for a, b in encoded.characters)
    for visible, whole in zip(encoded.spans, encoded.characters, strict=True):
        assert whole[0] <= visible[0] <= visible[1] <= max(whole[1], visible[0])


def test_a_first_space_does_not_hide_a_character_that_is_dropped():
    """Without an unknown token, the added space's offsets are those of the dropped character."""
    tokenizer = tokenizer_at_hand("stories260K")
    spans = covered_characters("漢a", ["▁", "a"], [(0, 1), (1, 2)])
    assert first_dropped("漢a", spans) == 0
    with pytest.raises(EncodingError, match="drops"):
        PromptEncoder(_without_unknown()).encode("漢a", ["a"])
    assert PromptEncoder(tokenizer).encode("漢a", ["a"]).prompt_ids


def _without_unknown():
    return merging_tokenizer([], ["<s>"], ["▁", "a"], True, bos_token="<s>")
