"""Choices that are the same tokens, or whose tokens do not stand for their text, are refused before any is scored."""

import polars as pl
import pytest
from small_models import byte_level_tokenizer, merging_tokenizer, metaspace_tokenizer, tiny_llama
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
from tokenizers_at_hand import MAKERS, tokenizer_at_hand
from transformers import PreTrainedTokenizerFast

from keepfaith.models.removal import PrunableModel
from keepfaith.scoring.encoding import EncodingError, PromptEncoder
from keepfaith.scoring.predict import predict
from keepfaith.scoring.scorer import OptionScorer
from keepfaith.scoring.tokens import unknown_ids

CURE = "or type scoring.unscorable: leave_out to evaluate this model without such examples"


def refusal(tokenizer, options, prompt="The film was"):
    with pytest.raises(EncodingError) as caught:
        PromptEncoder(tokenizer).encode(prompt, options, "example 7")
    message = str(caught.value)
    assert message.startswith("example 7: choice") and CURE in message and "\n" not in message
    return message


@pytest.mark.parametrize("prompt", ["The film was", "", "The film was\n", "x火"])
@pytest.mark.parametrize("name", ["babyllama105", "bare_bpe"])
def test_two_unknown_options_are_the_same_tokens(name, prompt):
    message = refusal(tokenizer_at_hand(name), [" good", " 水", " 火"], prompt)
    assert "choices ' 水' and ' 火' are the same tokens, " in message and "'<unk>']" in message


def test_options_that_normalisation_makes_equal():
    lowering = tokenizer_at_hand("wordpiece")
    assert "choices ' NO' and ' no' are the same" in refusal(lowering, [" yes", " NO", " no"])
    assert "choices ' Réne' and ' rene' are the same" in refusal(lowering, [" Réne", " rene"])
    assert PromptEncoder(lowering).encode("The film", [" yes", " no"]).option_ids


@pytest.mark.parametrize(
    ("name", "option", "character"),
    [
        ("babyllama105", " 水", "水"),
        ("babyllama105", " not#good", "#"),
        ("bare_bpe", " Good", "G"),
        ("bare_bpe", "\ngood 2", "2"),
        ("wordpiece", " zest", "z"),
    ],
)
def test_an_option_with_an_unknown_character(name, option, character):
    message = refusal(tokenizer_at_hand(name), [" good", option])
    assert (
        f"choice {option!r}: the tokenizer does not know {character!r} and encodes it as the unk"
        in message
    )


def test_an_option_that_loses_a_character():
    """Without an unknown token: ' q good' would be scored as ' good'."""
    dropping = merging_tokenizer([], ["<s>"], [*"▁agod"], True, bos_token="<s>")
    message = refusal(dropping, [" good", " qod", " aq"], "a")
    assert "choice ' qod': the tokenizer drops 'q'" in message
    apart = merging_tokenizer(
        [("▁", "g"), ("a", "▁g")], ["<s>"], [*"▁agod."], True, bos_token="<s>"
    )
    assert "choice ' gqod': the tokenizer drops 'q'" in refusal(apart, [" gqod", " o"], "a")


def test_white_space_may_be_unknown():
    """It is the same before all choices."""
    tokenizer = tokenizer_at_hand("babyllama105")
    encoded = PromptEncoder(tokenizer).encode("A film\n", ["yes", "no"])
    unknown = tokenizer.unk_token_id
    assert [ids[0] for ids in encoded.option_ids] == [unknown, unknown]


@pytest.mark.parametrize("name", MAKERS)
def test_options_of_known_characters_pass(name):
    encoder = PromptEncoder(tokenizer_at_hand(name))
    for prompt in ("the film", "", "the film\n", "the film "):
        encoded = encoder.encode(prompt, [" no", " yes", " not at all"])
        assert len(set(encoded.option_ids)) == 3


@pytest.mark.parametrize("maker", [byte_level_tokenizer, metaspace_tokenizer])
def test_bytes_stand_for_characters(maker):
    assert PromptEncoder(maker()).encode("The film", [" 水", " 火", " é"]).option_ids


def test_the_unknown_token_is_found_by_the_model_where_no_role_names_it():
    vocabulary = {"<unk>": 0, "a": 1, "▁": 2}
    kinds = {
        "Unigram": models.Unigram([("a", -1.0), ("<unk>", -2.0), ("▁", -1.0)], unk_id=1),
        "BPE": models.BPE(vocabulary, [], unk_token="<unk>"),
        "WordLevel": models.WordLevel(vocabulary, unk_token="<unk>"),
        "bytes": models.BPE(vocabulary, [], unk_token=""),
    }
    found = {}
    for kind, model in kinds.items():
        tokenizer = Tokenizer(model)
        tokenizer.normalizer = normalizers.NFC()
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="never")
        found[kind] = unknown_ids(PreTrainedTokenizerFast(tokenizer_object=tokenizer))
    assert found == {"Unigram": {1}, "BPE": {0}, "WordLevel": {0}, "bytes": frozenset()}


def test_a_tokenizer_that_fails_is_quoted_with_the_text():
    """Its unknown token is none of its tokens."""
    tokenizer = Tokenizer(models.WordLevel({"a": 0, "b": 1}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    encoder = PromptEncoder(PreTrainedTokenizerFast(tokenizer_object=tokenizer))
    with pytest.raises(EncodingError, match=r"fails on the text 'a c' \(.*Missing \[UNK\].*leave"):
        encoder.encode("a c", [" b"])


def test_predict_refuses_before_anything_is_scored():
    tokenizer = tokenizer_at_hand("bare_bpe")
    scorer = OptionScorer(PrunableModel(tiny_llama(len(tokenizer))), (), 2048)
    examples = pl.DataFrame(
        {
            "example_id": ["evaluation-0", "evaluation-1"],
            "prompt": ["The film was", "The film was"],
            "options": [[" good", " not"], [" 水", " 火"]],
        }
    )
    kept = []

    def keep(name, make):
        kept.append(name)
        return make()

    with pytest.raises(
        EncodingError, match="example evaluation-1: choices ' 水' and ' 火' are the"
    ):
        predict(scorer, PromptEncoder(tokenizer), examples, [0], keep)
    assert kept == []
