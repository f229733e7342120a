"""Prompt and choice are tokenised together and split; spans are characters of the prompt."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_models import byte_level_tokenizer, metaspace_tokenizer
from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers
from tokenizers_at_hand import tokenizer_at_hand
from transformers import PreTrainedTokenizerFast

from keepfaith.scoring.encoding import EncodingError, PromptEncoder

TOKENIZERS = {"bos": metaspace_tokenizer(), "no_bos": byte_level_tokenizer()}
TEXT = st.text(alphabet="ab no film. é漢\n", max_size=30)


@pytest.fixture(params=TOKENIZERS)
def encoder(request):
    return PromptEncoder(TOKENIZERS[request.param], 256)


def test_split_as_lm_evaluation_harness(encoder):
    prompt, options = "The film was not good.\nAnswer:", [" yes", " no", " not at all"]
    encoded = encoder.encode(prompt, options)
    assert list(encoded.prompt_ids) == encoder.tokenizer.encode(prompt)
    for option, ids in zip(options, encoded.option_ids, strict=True):
        assert list(encoded.prompt_ids + ids) == encoder.tokenizer.encode(prompt + option)


def test_spaces_that_end_the_prompt_go_to_the_option(encoder):
    assert (
        encoder.encode("The film was ", ["good"]).option_ids
        == encoder.encode("The film was", [" good"]).option_ids
    )


@settings(max_examples=150, deadline=None)
@given(prompt=TEXT, option=TEXT, kind=st.sampled_from(sorted(TOKENIZERS)))
def test_any_text_encodes_and_spans_lie_in_the_prompt(prompt, option, kind):
    encoder = PromptEncoder(TOKENIZERS[kind])
    try:
        encoded = encoder.encode(prompt, [option])
    except EncodingError as error:
        assert "no token of its own" in str(error)
        return
    assert len(encoded.spans) == len(encoded.prompt_ids)
    last = 0
    for start, end in encoded.spans[encoded.special :]:
        assert 0 <= start <= end <= len(prompt)
        assert start >= last
        last = start
    covered = {i for start, end in encoded.spans for i in range(start, end)}
    assert all(i in covered for i, character in enumerate(prompt) if not character.isspace())


def test_spans_are_the_visible_characters(encoder):
    prompt = "The film was  not good.\nAnswer: é漢"
    encoded = encoder.encode(prompt, [" yes"])
    for token, (start, end) in list(zip(encoded.prompt_ids, encoded.spans, strict=True))[
        encoded.special :
    ]:
        text = encoder.tokenizer.decode([token]).strip()
        if text and "\ufffd" not in text:  # not one byte of a character
            assert prompt[start:end].strip() == text
        if prompt[start:end].strip():
            assert prompt[start:end] == prompt[start:end].strip()


def test_sentencepiece_prefix_covers_nothing():
    """In the tokenizer's own offsets, the added first space has the text's first character."""
    encoded = PromptEncoder(TOKENIZERS["bos"]).encode("漢 film", [" no"])
    tokens = TOKENIZERS["bos"].convert_ids_to_tokens(list(encoded.prompt_ids))
    assert tokens[:2] == ["<s>", "▁"]
    assert encoded.spans[:3] == ((0, 0), (0, 0), (0, 1))


def test_special_tokens_in_front_are_counted():
    assert PromptEncoder(TOKENIZERS["bos"]).encode("The film", [" no"]).special == 1
    assert PromptEncoder(TOKENIZERS["no_bos"]).encode("The film", [" no"]).special == 0


def test_empty_prompt_starts_from_bos_or_eos(encoder):
    encoded = encoder.encode("", [" no"])
    assert encoded.prompt_ids == encoder.prefix_ids != ()
    assert encoded.special == 1
    assert encoded.spans == ((0, 0),)
    assert list(encoded.option_ids[0]) == encoder.tokenizer.encode(" no", add_special_tokens=False)


def test_prompt_with_its_own_bos_gets_no_second_one():
    tokenizer = TOKENIZERS["bos"]
    encoded = PromptEncoder(tokenizer).encode("<s>The film", [" no"])
    assert encoded.prompt_ids.count(tokenizer.bos_token_id) == 1


def test_errors_name_the_example(encoder):
    with pytest.raises(EncodingError, match="example 7: choice '' has no token of its own after"):
        encoder.encode("The film", [" no", ""], "example 7")
    with pytest.raises(EncodingError, match=r"example 8: \d+ tokens, the model admits 256"):
        encoder.encode("film " * 400, [" no"], "example 8")
    long = PromptEncoder(encoder.tokenizer, len(encoder.encode("The film", [" no"]).prompt_ids))
    with pytest.raises(EncodingError, match="the model admits"):
        long.encode("The film", [" not good at all, never"])


def test_cut_left_keeps_special_tokens_and_the_end_of_the_prompt():
    whole = PromptEncoder(TOKENIZERS["bos"])
    full = whole.encode("The film was good and long", [" no", " not at all"])
    tokens = len(full.prompt_ids) + max(map(len, full.option_ids)) - 1
    cutting = PromptEncoder(TOKENIZERS["bos"], tokens - 3, cut_left=True)
    cut = cutting.encode("The film was good and long", [" no", " not at all"], "example 9")
    assert cut.prompt_ids == full.prompt_ids[:1] + full.prompt_ids[4:]
    assert cut.spans == full.spans[:1] + full.spans[4:]
    assert cut.option_ids == full.option_ids
    assert cutting.cut == {"example 9"}


def test_empty_prompt_without_any_special_token_is_refused():
    tokenizer = byte_level_tokenizer()
    tokenizer.eos_token = None
    with pytest.raises(EncodingError, match="neither BOS nor EOS"):
        PromptEncoder(tokenizer).encode("", [" no"])


def test_tokenizer_that_closes_every_text_is_refused():
    tokenizer = metaspace_tokenizer()
    tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 1), ("</s>", 2)]
    )
    with pytest.raises(EncodingError, match="ends every text with a special token"):
        PromptEncoder(tokenizer).encode("The film", [" no"])


def test_special_tokens_that_the_text_spells_are_special():
    """Leading ones count as the tokenizer's own; others are no features; <unk> is a feature, with its characters."""
    encoder = PromptEncoder(TOKENIZERS["bos"])
    encoded = encoder.encode("<s>[INST] a film [/INST] Answer:", [" no"])
    assert encoded.special == 1 and encoded.features[0] == 1
    text = "A film</s>\nA <unk> Answer:"
    encoded = encoder.encode(text, [" no"])
    closing, unknown = encoder.tokenizer.convert_tokens_to_ids(["</s>", "<unk>"])
    assert encoded.special == 1
    assert closing in encoded.prompt_ids and closing not in encoded.feature_ids
    spans = dict(zip(encoded.feature_ids, encoded.feature_spans, strict=True))
    assert text[slice(*spans[unknown])] == "<unk>"
    assert len(encoded.features) == len(encoded.prompt_ids) - 2
    assert encoded.fixed == (0, encoded.prompt_ids.index(closing))


@pytest.mark.parametrize("prompt", [" <s>A film", "\n<s>A film", "<s><s>A film", "<s> <s>A film"])
@pytest.mark.parametrize("kind", TOKENIZERS)
def test_no_beginning_of_text_is_a_feature(prompt, kind):
    """Ids are those of lm-evaluation-harness, with a second BOS; the test is that neither BOS is removed."""
    encoder = PromptEncoder(TOKENIZERS[kind])
    encoded = encoder.encode(prompt, [" no"])
    begin = encoder.tokenizer.bos_token_id
    assert begin is None or begin not in encoded.feature_ids
    if kind == "bos":
        assert encoded.prompt_ids[0] == begin and encoded.special >= 1
        assert encoded.prompt_ids.count(begin) == 2


def test_a_chat_prompt_begins_with_a_special_token():
    encoder = PromptEncoder(tokenizer_at_hand("smollm2"))
    text = "<|im_start|>user\nIs this good?<|im_end|>\n<|im_start|>assistant\n"
    encoded = encoder.encode(text, ["yes"])
    begin, end = encoder.tokenizer.convert_tokens_to_ids(["<|im_start|>", "<|im_end|>"])
    assert encoded.special == 1 and encoded.prompt_ids[0] == begin
    assert not {begin, end} & set(encoded.feature_ids)
    assert encoded.prompt_ids.count(begin) == 2 and encoded.prompt_ids.count(end) == 1


def test_a_prompt_that_the_tokenizer_drops_is_an_empty_one():
    encoder = PromptEncoder(tokenizer_at_hand("wordpiece"))
    dropped, empty = encoder.encode("\u200b\n", [" no"]), encoder.encode("", [" no"])
    assert dropped.prompt_ids == empty.prompt_ids == encoder.prefix_ids
    assert dropped.option_ids == empty.option_ids
    assert dropped.special == 1 and dropped.features == ()


def test_an_option_longer_than_the_context_is_refused():
    encoder = PromptEncoder(TOKENIZERS["bos"], 8, cut_left=True)
    with pytest.raises(EncodingError, match="example 4: its longest choice alone fills"):
        encoder.encode("The film", [" not good at all, never, and boring"], "example 4")


def test_a_tokenizer_that_drops_characters_is_refused():
    tokenizer = Tokenizer(models.BPE())  # no unknown token, no bytes: what it never saw is gone
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    trainer = trainers.BpeTrainer(vocab_size=60, show_progress=False)
    tokenizer.train_from_iterator(["a film", "no film", "yes"], trainer)
    encoder = PromptEncoder(PreTrainedTokenizerFast(tokenizer_object=tokenizer))
    assert encoder.encode("a  film\u200b", [" yes"]).prompt_ids
    with pytest.raises(EncodingError, match=r"example 7: the tokenizer drops 'q' \(character 2\)"):
        encoder.encode("a q film", [" yes"], "example 7")
