"""Choices whose tokens merge with the end of the prompt, special tokens, and ids without a row."""

import logging
import re
import string

import polars as pl
import pytest
from small_models import byte_level_tokenizer, merging_tokenizer, metaspace_tokenizer, tiny_llama
from tokenizers import AddedToken
from tokenizers_at_hand import tokenizer_at_hand

from keepfaith.models.builtin import CHECKPOINT
from keepfaith.models.loading import load_model, load_tokenizer
from keepfaith.models.removal import PrunableModel
from keepfaith.models.verification import verify
from keepfaith.orders.rank import rank_layers
from keepfaith.orders.samples import CalibrationTextError
from keepfaith.scoring.encoding import EncodingError, PromptEncoder
from keepfaith.scoring.opening import Scoring, open_scorer
from keepfaith.scoring.predict import predict
from keepfaith.scoring.scorer import OptionScorer
from keepfaith.scoring.tokens import special_ids

GEO = [(f"Capital: {city}\nCountry:", [" Canada", " Chile", " Brazil"]) for city in ("A", "B")]
ACROSS = [("Ġ", "C"), (":", "ĠC")]
LETTERS = [*string.ascii_letters, "▁", ":", "."]


def spelt(encoder, encoded, number):
    return encoder.tokenizer.decode(encoded.prompt_ids + encoded.option_ids[number])


def test_options_spell_themselves_where_the_tokenizer_merges_across_the_seam():
    encoder = PromptEncoder(merging_tokenizer(ACROSS))
    for name, (prompt, options) in enumerate(GEO):
        encoded = encoder.encode(prompt, options, f"example {name}")
        whole = encoder.tokenizer.encode(prompt + options[0])
        assert tuple(whole[: len(encoded.prompt_ids)]) != encoded.prompt_ids  # the case at hand
        for number, option in enumerate(options):
            assert spelt(encoder, encoded, number) == prompt + option
        assert [len(ids) for ids in encoded.option_ids] == [6, 5, 7]  # "ĠC" is one token
    assert encoder.apart == {"example 0", "example 1"}


def test_an_option_that_merges_as_a_whole_has_tokens_of_its_own():
    encoder = PromptEncoder(merging_tokenizer(ACROSS))
    encoded = encoder.encode("Answer:", [" A", " B", " C"])
    assert len(encoder.tokenizer.encode("Answer: C")) == len(encoded.prompt_ids)
    assert [spelt(encoder, encoded, n) for n in range(3)] == [f"Answer: {c}" for c in "ABC"]


def test_no_character_of_the_prompt_is_spelt_twice():
    encoder = PromptEncoder(merging_tokenizer([("Ġ", "c"), ("b", "Ġc"), ("a", "b")]))
    encoded = encoder.encode("ab", [" c"])
    assert spelt(encoder, encoded, 0) == "ab c"


def test_characters_unknown_on_both_sides_of_the_seam():
    """The unknown token of the prompt absorbs the choice's first character: the same ids, less text."""
    tokenizer = merging_tokenizer([], ["<unk>", "<s>"], LETTERS, unk_token="<unk>", bos_token="<s>")
    tokenizer.backend_tokenizer.pre_tokenizer = None
    assert tokenizer.encode("x火") + tokenizer.encode("a") == tokenizer.encode("x火\na")
    encoder = PromptEncoder(tokenizer)
    encoded = encoder.encode("x火", ["\na", "\nb"], "example 1")
    unknown, a, b = tokenizer.convert_tokens_to_ids(["<unk>", "a", "b"])
    assert encoded.option_ids == ((unknown, a), (unknown, b))
    assert encoder.apart == {"example 1"}


@pytest.mark.parametrize("option", [" Chile", "Chile"])
def test_no_first_space_is_put_into_an_option_by_itself(option):
    merges = [("▁", "C"), (":", "▁C"), (":", "C")]
    tokenizer = merging_tokenizer(
        merges, ["<unk>", "<s>"], LETTERS, True, unk_token="<unk>", bos_token="<s>"
    )
    encoder = PromptEncoder(tokenizer)
    encoded = encoder.encode("Answer:", [option], "a")
    assert encoder.apart == {"a"}
    assert spelt(encoder, encoded, 0) == "Answer:" + option
    first = tokenizer.convert_ids_to_tokens(list(encoded.option_ids[0]))[0]
    assert first == ("▁C" if option[0] == " " else "C")


def test_a_line_end_that_merges_with_the_option():
    encoder = PromptEncoder(merging_tokenizer([("Ċ", "n"), ("t", "Ċn")]))
    encoded = encoder.encode("assistant\n", ["negative", "positive"])
    assert [spelt(encoder, encoded, n) for n in range(2)] == [
        "assistant\nnegative",
        "assistant\npositive",
    ]


def test_the_split_stays_where_the_prompt_is_the_beginning_of_the_whole():
    tokenizer = byte_level_tokenizer()
    encoder = PromptEncoder(tokenizer)
    encoded = encoder.encode("Anna keeps the key", ["ring", " in the box"])
    for ids, option in zip(encoded.option_ids, ["ring", " in the box"], strict=True):
        assert list(encoded.prompt_ids + ids) == tokenizer.encode("Anna keeps the key" + option)
    assert encoder.apart == set()


def test_an_option_that_the_tokenizer_drops_is_refused_with_advice():
    tokenizer = tokenizer_at_hand("wordpiece")
    message = "example 3: choice '\\\\x00' has no token of its own .*scoring.unscorable: leave_out"
    with pytest.raises(EncodingError, match=message):
        PromptEncoder(tokenizer).encode("The film", [" no", "\0"], "example 3")


def test_predict_counts_the_examples_whose_options_are_tokenised_apart(caplog):
    tokenizer = merging_tokenizer(ACROSS)
    scorer = OptionScorer(PrunableModel(tiny_llama(len(tokenizer))), (), 2048)
    rows = [*GEO, ("Where is it", [" here", " there"])]
    examples = pl.DataFrame(
        {
            "example_id": [f"e{n}" for n in range(3)],
            "prompt": [prompt for prompt, _ in rows],
            "options": [options for _, options in rows],
        }
    )
    encoder = PromptEncoder(tokenizer, 256)
    with caplog.at_level(logging.INFO, "keepfaith.scoring.predict"):
        predict(scorer, encoder, examples, [0])
    lines = [line for line in caplog.messages if "tokenised by itself" in line]
    assert len(lines) == 1 and lines[0].startswith("2 of 3 examples")
    caplog.clear()
    predict(scorer, PromptEncoder(tokenizer, 256), examples[2:], [0])
    assert not [line for line in caplog.messages if "tokenised by itself" in line]


def test_predict_counts_the_examples_that_were_cut(caplog):
    tokenizer = byte_level_tokenizer()
    scorer = OptionScorer(PrunableModel(tiny_llama(len(tokenizer))), (), 2048)
    examples = pl.DataFrame(
        {
            "example_id": ["a", "b"],
            "prompt": ["film " * 40, "film"],
            "options": [[" yes", " no"]] * 2,
        }
    )
    with caplog.at_level(logging.INFO, "keepfaith.scoring.predict"):
        predict(scorer, PromptEncoder(tokenizer, 30, cut_left=True), examples, [0])
    assert any(
        line.startswith("1 of 2 examples are longer than the 30") for line in caplog.messages
    )


def test_special_tokens_are_all_but_the_unknown_one():
    assert special_ids(metaspace_tokenizer()) == {1, 2}  # <unk> is 0
    assert special_ids(byte_level_tokenizer()) == {0}
    shared = merging_tokenizer(
        [], ["<|endoftext|>"], unk_token="<|endoftext|>", eos_token="<|endoftext|>"
    )
    assert special_ids(shared) == {0}  # it ends texts too, so it stands for no characters


def test_special_tokens_without_a_role_are_special():
    tokenizer = merging_tokenizer([], ["<s>", "<|turn|>"], bos_token="<s>")
    encoded = PromptEncoder(tokenizer).encode("<s><|turn|>user <|turn|>x", [" a"])
    assert encoded.special == 2
    assert encoded.prompt_ids[:2] == (0, 1)
    assert 1 not in encoded.feature_ids and len(encoded.features) == len("user x")


CHAT = "<|im_start|>user: good"


@pytest.fixture
def one_row_short():
    """A model whose embedding has no row for the tokenizer's last token, which chat prompts contain."""
    tokenizer = byte_level_tokenizer()
    tokenizer.add_special_tokens({"additional_special_tokens": ["<|im_start|>"]})
    last = len(tokenizer) - 1
    assert tokenizer.convert_tokens_to_ids("<|im_start|>") == last
    return PrunableModel(tiny_llama(last)), tokenizer


def test_ids_are_held_against_the_rows_of_the_embedding(one_row_short):
    model, tokenizer = one_row_short
    encoder = PromptEncoder(tokenizer, embedding_rows=model.embedding_rows)
    rows = len(tokenizer) - 1
    assert encoder.encode("The film", [" no"]).prompt_ids  # what does not occur is not asked for
    message = (
        rf"example evaluation-2: token '<\|im_start\|>' has id {rows}, the embedding has {rows} rows; "
        "give the model the tokenizer.json"
    )
    with pytest.raises(EncodingError, match=message):
        encoder.encode(CHAT, [" no"], "example evaluation-2")
    with pytest.raises(EncodingError, match=message):
        encoder.encode("The film", [" no", " <|im_start|>"], "example evaluation-2")


def test_ids_without_a_row_are_said_before_anything_is_scored(one_row_short):
    model, tokenizer = one_row_short

    class Watched(OptionScorer):
        asked = 0

        def log_likelihoods(self, inputs, levels):
            self.asked += 1
            return super().log_likelihoods(inputs, levels)

    scorer = Watched(model, (), 2048)
    examples = pl.DataFrame(
        {
            "example_id": [f"evaluation-{n}" for n in range(600)],
            "prompt": ["The film"] * 599 + [CHAT],
            "options": [[" yes", " no"]] * 600,
        }
    )
    encoder = PromptEncoder(tokenizer, 256, embedding_rows=model.embedding_rows)
    with pytest.raises(EncodingError, match="example evaluation-599: token"):
        predict(scorer, encoder, examples, [0])
    assert scorer.asked == 0


def test_calibration_text_is_held_against_the_rows_too(one_row_short):
    model, tokenizer = one_row_short
    rows = len(tokenizer) - 1
    texts = ["A dull, lifeless and boring picture.", CHAT]
    message = rf"calibration text 2 of 2: token '<\|im_start\|>' has id {rows}, the embedding has"
    with pytest.raises(CalibrationTextError, match=message):
        rank_layers("cosine", model, tokenizer, texts)
    assert len(rank_layers("cosine", model, tokenizer, texts[:1])) == 4


@pytest.mark.parametrize(("rows", "token"), [(602, "<|im_start|>"), (601, None)])
def test_a_folder_whose_tokenizer_knows_more_tokens_than_the_model(rows, token, tmp_path):
    """A token added to the tokenizer alone, and an embedding with one row less."""
    tokenizer, model = load_tokenizer(CHECKPOINT), load_model(CHECKPOINT, device="cpu")
    if rows < len(tokenizer):
        model.resize_token_embeddings(rows)
        token = str(tokenizer.convert_ids_to_tokens(rows))
    else:
        tokenizer.add_special_tokens({"additional_special_tokens": [token]})
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    scorer, encoder = open_scorer(tmp_path, (), Scoring("auto", "float32", "cpu", "refuse", 1))
    text = tokenizer.convert_tokens_to_string([token])
    examples = pl.DataFrame(
        {
            "example_id": ["evaluation-0", "evaluation-1", "evaluation-2"],
            "prompt": ["A good film. Answer:", "A film. Answer:", f"A{text} film. Answer:"],
            "options": [[" yes", " no"]] * 3,
        }
    )
    message = (
        f"example evaluation-2: token {token!r} has id {rows}, the embedding has {rows} rows; "
    )
    with pytest.raises(EncodingError, match=re.escape(message)):
        predict(scorer, encoder, examples, [0])
    assert len(predict(scorer, encoder, examples[:2], [0])) == 4


def test_the_self_test_of_removal_draws_only_ids_that_have_a_row():
    """The configuration of some models counts more tokens than their embedding has rows."""
    model = tiny_llama(40)
    model.config.vocab_size = 400
    assert len(verify(PrunableModel(model))) == 3


def test_the_character_that_is_dropped_is_named_where_offsets_are_shifted_behind_it():
    tokenizer = merging_tokenizer([], ["<s>"], [*"▁agod"], True, bos_token="<s>")
    with pytest.raises(EncodingError, match=r"drops 'q' \(character 3\)"):
        PromptEncoder(tokenizer).encode("a gqod", [" a"])


def chat_tokenizer(**strips):
    """As SentencePiece, with special tokens that absorb neighbouring white space."""
    tokenizer = merging_tokenizer(
        [("▁", "p"), ("▁p", "o")],
        ["<unk>", "<s>"],
        [*LETTERS, "\n"],
        True,
        unk_token="<unk>",
        bos_token="<s>",
    )
    marks = [AddedToken(f"<|{role}|>", special=True, **strips) for role in ("user", "assistant")]
    tokenizer.backend_tokenizer.add_special_tokens(marks)
    return tokenizer


@pytest.mark.parametrize("seam", ["", "\n", " ", "\n\n", " \n"])
@pytest.mark.parametrize("delimiter", ["", " ", "\n"])
@pytest.mark.parametrize("strips", [{"rstrip": True}, {"rstrip": True, "lstrip": True}])
def test_white_space_that_a_special_token_takes_in_is_no_token(strips, delimiter, seam):
    """Phi-3: the choice's tokens are those after <|assistant|> in the tokenizer's encoding of prompt and choice."""
    tokenizer = chat_tokenizer(**strips)
    encoder = PromptEncoder(tokenizer)
    prompt = "<|user|>\nis it good\n<|assistant|>" + seam
    options = [delimiter + "positive", delimiter + "no"]
    encoded = encoder.encode(prompt, options, "a")
    for option, ids in zip(options, encoded.option_ids, strict=True):
        assert encoded.prompt_ids + ids == tuple(tokenizer.encode(prompt + option))
    first = tokenizer.convert_ids_to_tokens(list(encoded.option_ids[0]))
    assert first == ["▁po", *"sitive"]
    assert encoder.apart == set()
    same = encoder.encode_rest(encoded, prompt, options, "a")
    assert (same.prompt_ids, same.option_ids) == (encoded.prompt_ids, encoded.option_ids)


@pytest.mark.parametrize("strips", [{}, {"lstrip": True}])
def test_white_space_after_other_special_tokens_belongs_to_the_option(strips):
    tokenizer = chat_tokenizer(**strips)
    encoder = PromptEncoder(tokenizer)
    encoded = encoder.encode("is it good <|assistant|>\n", ["positive", "no"], "a")
    whole = tokenizer.encode("is it good <|assistant|>\npositive")
    assert list(encoded.prompt_ids + encoded.option_ids[0]) == whole
    assert "\n" in tokenizer.convert_ids_to_tokens(whole)


def test_a_letter_in_parts_that_the_tokenizer_composes_and_then_drops():
    """Composed it has no token: nothing before it stands for its parts."""
    from tokenizers import Tokenizer, models, normalizers
    from transformers import PreTrainedTokenizerFast

    bare = Tokenizer(models.BPE({"<s>": 0, "a": 1, "b": 2, "\u1112": 3}, []))
    bare.normalizer = normalizers.NFC()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=bare, bos_token="<s>")
    with pytest.raises(EncodingError, match=r"the tokenizer drops .* \(character [12]\)"):
        PromptEncoder(tokenizer).encode("a\u1112\u1161b", ["a", "b"])


def test_a_sign_that_the_tokenizer_takes_for_a_space_may_be_left_out():
    tokenizer = tokenizer_at_hand("unigram")
    encoder = PromptEncoder(tokenizer)
    for text in ("▁▁film", "▁ ▁film", "▁▁ a▁film ▁"):
        encoded = encoder.encode(text, [" x"])
        assert encoded.prompt_ids == tuple(tokenizer(text.rstrip())["input_ids"])
