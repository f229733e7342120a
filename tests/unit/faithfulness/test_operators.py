import pytest

from keepfaith.plugins.operator import OPERATORS
from keepfaith.scoring.encoding import EncodingError, PromptEncoder

delete, retokenise = (OPERATORS.load(name).perturb for name in ("delete", "retokenise"))

PROMPT = "The film was not good.\nAnswer:"
OPTIONS = [" positive", " the old city"]


@pytest.fixture
def encoded(encoder):
    return encoder.encode(PROMPT, OPTIONS)


def kept_without(encoder, encoded, words):
    """Features left when every token inside `words` of the prompt is removed."""
    gone = [(PROMPT.index(word), PROMPT.index(word) + len(word)) for word in words]
    spans = encoded.spans[encoded.special :]
    return [
        i
        for i, (start, end) in enumerate(spans)
        if not any(start < last and end > first for first, last in gone)
    ]


def test_registry():
    assert OPERATORS.names() == ("delete", "retokenise")
    assert OPERATORS.load("delete").perturb is delete
    with pytest.raises(ValueError, match="delete, retokenise"):
        OPERATORS.load("mask")


@pytest.mark.parametrize("operator", [delete, retokenise])
def test_keeping_everything_changes_nothing(operator, encoder, encoded):
    features = len(encoded.features)
    found = operator(encoder, encoded, range(features), OPTIONS, "a")
    assert (found.prompt_ids, found.option_ids) == (encoded.prompt_ids, encoded.option_ids)


def test_delete_keeps_the_ids_of_all_else(encoder, encoded):
    found = delete(encoder, encoded, [0, 2, 3], OPTIONS, "a")
    features = encoded.prompt_ids[encoded.special :]
    special = encoded.prompt_ids[: encoded.special]
    assert found.prompt_ids == (*special, features[0], features[2], features[3])
    assert found.option_ids == encoded.option_ids


def test_retokenise_sees_the_text_that_somebody_would_have_written(encoder, encoded):
    kept = kept_without(encoder, encoded, [" not"])
    again = encoder.encode("The film was good.\nAnswer:", OPTIONS)
    found = retokenise(encoder, encoded, kept, OPTIONS, "a")
    assert (found.prompt_ids, found.option_ids) == (again.prompt_ids, again.option_ids)


def test_retokenise_spells_torn_words_anew(encoder, encoded):
    """'g' + 'ood' without 'g': the rest of the text is tokenised as a text, not as leftover tokens."""
    spans = encoded.spans[encoded.special :]
    g = next(i for i, (start, end) in enumerate(spans) if PROMPT[start:end].strip() == "g")
    kept = [i for i in range(len(spans)) if i != g]
    found = retokenise(encoder, encoded, kept, OPTIONS, "a")
    start, end = encoded.characters[encoded.features[g]]
    text = PROMPT[:start] + PROMPT[end:]
    assert text.replace(" ", "") == "Thefilmwasnotood.\nAnswer:"
    assert found.prompt_ids == encoder.encode(text, OPTIONS).prompt_ids


@pytest.mark.parametrize("operator", [delete, retokenise])
def test_special_tokens_stay_and_stand_for_an_empty_prompt(operator, encoder, encoded):
    found = operator(encoder, encoded, [], OPTIONS, "a")
    assert found.prompt_ids == encoder.prefix_ids
    assert len(found.option_ids) == 2 and all(found.option_ids)
    some = operator(encoder, encoded, [1], OPTIONS, "a")
    assert some.prompt_ids[: encoded.special] == encoded.prompt_ids[: encoded.special]


def test_a_remainder_of_white_space_is_an_empty_prompt_to_retokenise(encoder, encoded):
    spans = encoded.spans[encoded.special :]
    newline = next(i for i, (start, end) in enumerate(spans) if PROMPT[start:end] == "\n")
    found = retokenise(encoder, encoded, [newline], OPTIONS, "a")
    assert found.prompt_ids == encoder.prefix_ids
    assert all(found.option_ids)
    assert (
        delete(encoder, encoded, [newline], OPTIONS, "a").prompt_ids[-1]
        == encoded.prompt_ids[encoded.special + newline]
    )


def test_nothing_left_and_nothing_to_start_from_is_an_error(tokenizer):
    if tokenizer.bos_token is not None:
        pytest.skip("this tokenizer puts BOS in front of every prompt")
    bare = PromptEncoder(tokenizer, 256)
    bare.prefix_ids = ()
    encoded = bare.encode(PROMPT, OPTIONS)
    for operator in (delete, retokenise):
        with pytest.raises(EncodingError, match="example a"):
            operator(bare, encoded, [], OPTIONS, "example a")
