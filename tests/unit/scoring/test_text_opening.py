"""The tokens that a tokenizer adds before every text occur once, also if the text contains them."""

import pytest
from small_models import byte_level_tokenizer, metaspace_tokenizer
from tokenizers_at_hand import MAKERS, OPENING, opening_tokenizer, tokenizer_at_hand

from keepfaith.models.text_opening import opening_of
from keepfaith.orders.samples import CalibrationTextError, token_samples
from keepfaith.plugins.operator import OPERATORS
from keepfaith.scoring.encoding import EncodingError, PromptEncoder, ScoringInput

delete, retokenise = (OPERATORS.load(name).perturb for name in ("delete", "retokenise"))

OPTIONS = [" yes", " no"]
ROLES = [{}, {"bos_token": "<sop>"}, {"eos_token": "[gMASK]"}, {"bos_token": "[gMASK]"}]


@pytest.mark.parametrize("roles", ROLES, ids=str)
def test_an_opening_of_two_tokens_stands_once(roles):
    tokenizer = opening_tokenizer(**roles)
    encoder = PromptEncoder(tokenizer)
    bare, spelt = encoder.encode("A film", OPTIONS), encoder.encode(OPENING + "A film", OPTIONS)
    assert bare.prompt_ids == spelt.prompt_ids == tuple(tokenizer.encode("A film"))
    assert bare.option_ids == spelt.option_ids
    assert bare.special == spelt.special == 2 and bare.feature_ids == spelt.feature_ids


@pytest.mark.parametrize("prompt", ["A film", OPENING + "A film", "A film [gMASK] and <sop>more"])
def test_removing_nothing_and_everything_behind_an_opening(prompt):
    encoder = PromptEncoder(opening_tokenizer())
    encoded = encoder.encode(prompt, OPTIONS)
    everything = range(len(encoded.features))
    for operator in (retokenise, delete):
        found = operator(encoder, encoded, everything, OPTIONS, "a")
        assert found == ScoringInput(encoded.prompt_ids, encoded.option_ids)
        rest = operator(encoder, encoded, [], OPTIONS, "a")
        assert rest.prompt_ids == tuple(encoded.prompt_ids[position] for position in encoded.fixed)


def test_an_empty_prompt_is_the_opening():
    """Not only BOS, nor EOS: no text of the model begins with these."""
    tokenizer = opening_tokenizer()
    assert tokenizer.eos_token_id is not None
    encoded = PromptEncoder(tokenizer).encode("", OPTIONS)
    assert encoded.prompt_ids == opening_of(tokenizer).ids and encoded.special == 2
    assert len(encoded.prompt_ids) == 2


@pytest.mark.parametrize("begins", ["<sop>", "[gMASK]", "<sop>[gMASK]"])
def test_a_part_of_an_opening_is_refused(begins):
    encoder = PromptEncoder(opening_tokenizer())
    first = begins.partition("[gMASK]")[0] or "[gMASK]"
    words = f"example 4: it begins with '{first}', and the tokenizer begins every text with '{OPENING}'; let it begin"
    with pytest.raises(EncodingError) as caught:
        encoder.encode(f"{begins}A film", OPTIONS, "example 4")
    assert str(caught.value).startswith(words)
    with pytest.raises(CalibrationTextError, match="calibration text 2 of 2: it begins with"):
        token_samples(opening_tokenizer(), ["A film", f"{begins}A film"], 32)


def test_another_special_token_in_front_does_not_stand_for_the_opening():
    """EOS was mistaken for it if the tokenizer has no BOS."""
    tokenizer = opening_tokenizer()
    encoded = PromptEncoder(tokenizer).encode("<|endoftext|>A film", OPTIONS)
    assert encoded.prompt_ids[:2] == opening_of(tokenizer).ids
    assert encoded.prompt_ids[2] == tokenizer.eos_token_id and encoded.special == 3


@pytest.mark.parametrize("name", MAKERS)
def test_every_opening_stands_once_in_prompts_and_calibration_texts(name):
    tokenizer = tokenizer_at_hand(name)
    opening = opening_of(tokenizer)
    assert opening.ids == tuple(tokenizer.encode("film")[: len(opening.ids)])
    spelt = PromptEncoder(tokenizer).encode(opening.text + "the film", OPTIONS).prompt_ids
    assert spelt[: len(opening.ids)] == opening.ids
    assert not set(opening.ids) & set(spelt[len(opening.ids) :])
    both = token_samples(tokenizer, ["the film", opening.text + "the film"], 32)
    for sample in both:
        assert tuple(sample[0, : len(opening.ids)].tolist()) == opening.ids
        assert not set(opening.ids) & set(sample[0, len(opening.ids) :].tolist())


def test_openings_of_one_token_and_of_none():
    assert opening_of(metaspace_tokenizer()) == ((1,), "<s>")
    assert opening_of(byte_level_tokenizer()) == ((), "")
