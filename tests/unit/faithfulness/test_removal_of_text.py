"""Exactly the requested features are removed from a prompt, for all available tokenizers."""

import unicodedata

import numpy as np
import polars as pl
import pytest
from small_models import merging_tokenizer
from tokenizers_at_hand import MAKERS, TEXTS, tokenizer_at_hand

from keepfaith.faithfulness.measure import measure
from keepfaith.models.builtin import CHECKPOINT
from keepfaith.models.loading import load_model, load_tokenizer
from keepfaith.models.removal import PrunableModel
from keepfaith.plugins.operator import OPERATORS
from keepfaith.scoring.encoding import EncodedPrompt, PromptEncoder, ScoringInput
from keepfaith.scoring.predict import predict
from keepfaith.scoring.scorer import OptionScorer

delete, retokenise = (OPERATORS.load(name).perturb for name in ("delete", "retokenise"))

OPTIONS = [" positive", " negative"]


class Recorded(PromptEncoder):
    """Records the texts that are encoded again."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.texts = []

    def encode_rest(self, encoded, text, options, name):
        self.texts.append(text)
        return super().encode_rest(encoded, text, options, name)


def drawn(encoded: EncodedPrompt, draws: int, share: float = 0.2, seed: int = 0):
    """Kept features when a share of them is removed at random."""
    rng = np.random.default_rng(seed)
    count = len(encoded.features)
    for _ in range(draws):
        gone = rng.choice(count, max(1, int(share * count)), replace=False)
        yield [feature for feature in range(count) if feature not in set(gone.tolist())]


def is_part_of(text: str, whole: str) -> bool:
    """Whether `text` is `whole` with characters left out."""
    rest = iter(whole)
    return all(character in rest for character in text)


@pytest.mark.parametrize("operator", OPERATORS.names())
@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_removing_nothing_gives_the_prompt(operator, name, text):
    encoder = PromptEncoder(tokenizer_at_hand(name))
    encoded = encoder.encode(text, OPTIONS)
    everything = range(len(encoded.features))
    found = OPERATORS.load(operator).perturb(encoder, encoded, everything, OPTIONS, "a")
    assert (found.prompt_ids, found.option_ids) == (encoded.prompt_ids, encoded.option_ids)


def test_removing_nothing_changes_no_log_probability_of_the_built_in_model():
    tokenizer = load_tokenizer(CHECKPOINT)
    encoder = PromptEncoder(tokenizer, 256)
    scorer = OptionScorer(PrunableModel(load_model(CHECKPOINT, device="cpu")), (1, 0), 4096)
    wholes, rests = [], []
    for name, text in TEXTS.items():
        encoded = encoder.encode(text, OPTIONS, name)
        wholes.append(ScoringInput(encoded.prompt_ids, encoded.option_ids))
        everything = range(len(encoded.features))
        rests.append(retokenise(encoder, encoded, everything, OPTIONS, name))
    before, after = (scorer.log_likelihoods(inputs, [0, 1, 2]) for inputs in (wholes, rests))
    largest = max(float(np.abs(a - b).max()) for a, b in zip(before, after, strict=True))
    assert largest == 0


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_no_character_is_torn_and_special_tokens_stay(name, text):
    tokenizer = tokenizer_at_hand(name)
    encoder = Recorded(tokenizer)
    encoded = encoder.encode(text, OPTIONS)
    special = [encoded.prompt_ids[position] for position in encoded.fixed]
    for kept in drawn(encoded, 10):
        found = retokenise(encoder, encoded, kept, OPTIONS, "a")
        left = encoder.texts[-1]
        assert is_part_of(left, text)
        assert "\ufffd" not in tokenizer.decode(found.prompt_ids)
        for prompt in (found.prompt_ids, delete(encoder, encoded, kept, OPTIONS, "a").prompt_ids):
            assert [token for token in prompt if token in special] == special


@pytest.mark.parametrize("name", ["builtin", "smollm2", "byte_level", "trimming"])
def test_on_ascii_text_the_input_is_that_of_the_study(name):
    """Deleting ids, decoding the rest and tokenising it again: the same on plain ASCII text."""
    tokenizer = tokenizer_at_hand(name)
    encoder = PromptEncoder(tokenizer)
    text = f"{TEXTS['plain']} {TEXTS['digits']}"
    encoded = encoder.encode(text, OPTIONS)
    for kept in drawn(encoded, 200):
        left = tokenizer.decode([encoded.feature_ids[feature] for feature in kept])
        again = encoder.encode(left, OPTIONS)
        found = retokenise(encoder, encoded, kept, OPTIONS, "a")
        assert (found.prompt_ids, found.option_ids) == (again.prompt_ids, again.option_ids)


def test_unknown_characters_stay_in_the_rest():
    """Decoded, each of them would be "<unk>" or nothing."""
    text = "Café 火 film 😀 A2 is good"
    for name in ("wordpiece", "bare_bpe", "babyllama105"):
        encoder = Recorded(tokenizer_at_hand(name))
        encoded = encoder.encode(text, OPTIONS)
        last = len(encoded.features) - 1
        retokenise(encoder, encoded, range(last), OPTIONS, "a")
        assert encoder.texts[-1] == text[: encoded.characters[encoded.features[last]][0]]
        assert "Café 火 film 😀 A2" in encoder.texts[-1]


def test_a_character_goes_when_one_of_its_tokens_goes():
    encoder = Recorded(tokenizer_at_hand("byte_level"))
    encoded = encoder.encode("A 火 film", OPTIONS)
    bytes_of = [n for n, span in enumerate(encoded.feature_spans) if span == (2, 3)]
    assert len(bytes_of) == 3
    for gone in bytes_of:
        kept = [feature for feature in range(len(encoded.features)) if feature != gone]
        retokenise(encoder, encoded, kept, OPTIONS, "a")
        assert encoder.texts[-1] in ("A  film", "A film")


def test_a_mark_goes_with_its_letter():
    """If it stayed, it would combine with the letter before."""
    encoder = Recorded(tokenizer_at_hand("bare_bpe"))
    encoded = encoder.encode("a fe\u0301 is", OPTIONS)
    letter = next(n for n, (a, b) in enumerate(encoded.feature_spans) if a <= 3 < b)
    kept = [feature for feature in range(len(encoded.features)) if feature != letter]
    retokenise(encoder, encoded, kept, OPTIONS, "a")
    assert "\u0301" not in encoder.texts[-1] and is_part_of(encoder.texts[-1], "a f is")


def test_special_tokens_are_added_to_the_rest_as_to_the_whole():
    """Without its first space the text begins with BOS; the whole had one more before it, and so does the rest."""
    tokenizer = tokenizer_at_hand("metaspace_bos")
    encoder = PromptEncoder(tokenizer)
    encoded = encoder.encode(" <s>A film", OPTIONS)
    first = encoded.characters.index((0, 1))
    kept = [n for n, position in enumerate(encoded.features) if position != first]
    found = retokenise(encoder, encoded, kept, OPTIONS, "a")
    assert found.prompt_ids.count(tokenizer.bos_token_id) == 2


def test_no_special_token_arises_across_the_gap():
    tokenizer = tokenizer_at_hand("builtin")
    encoder = PromptEncoder(tokenizer)
    text = "A film </xs> of old. Answer:"
    encoded = encoder.encode(text, OPTIONS)
    x = encoded.spans.index((9, 10))
    kept = [n for n, position in enumerate(encoded.features) if position != x]
    assert tokenizer.eos_token_id in tokenizer.encode(text.replace("x", ""))
    found = retokenise(encoder, encoded, kept, OPTIONS, "a")
    assert found.prompt_ids == encoded.prompt_ids[:x] + encoded.prompt_ids[x + 1 :]
    assert found == delete(encoder, encoded, kept, OPTIONS, "a")


def test_a_rest_that_tokenises_longer_than_the_context_keeps_its_ids():
    """Without x, "cd" and "ef" meet, and "de" is merged first: five tokens instead of three."""
    merges = [
        ("d", "e"),
        ("a", "b"),
        ("c", "d"),
        ("e", "f"),
        ("g", "h"),
        ("ab", "cd"),
        ("ef", "gh"),
    ]
    tokenizer = merging_tokenizer(merges, ["<s>"], bos_token="<s>")
    text = "abcdxefgh"
    free = PromptEncoder(tokenizer)
    encoded = free.encode(text, ["y", "z"])
    assert len(encoded.prompt_ids) == 3
    assert len(retokenise(free, encoded, [0, 2], ["y", "z"], "a").prompt_ids) == 5
    for cut_left in (False, True):
        tight = PromptEncoder(tokenizer, 3, cut_left=cut_left)
        found = retokenise(tight, tight.encode(text, ["y", "z"]), [0, 2], ["y", "z"], "a")
        assert found.prompt_ids == (encoded.prompt_ids[0], encoded.prompt_ids[2])
        assert found.option_ids == encoded.option_ids
        assert not tight.cut


@pytest.mark.parametrize("name", ["builtin", "metaspace_bos", "byte_level", "babyllama105"])
@pytest.mark.parametrize("key", ["plain", "chinese", "closed", "emoji"])
def test_what_was_cut_at_the_start_stays_cut(name, key):
    """Removing nothing from a cut prompt gives the cut prompt; removing some features restores no cut token."""
    tokenizer = tokenizer_at_hand(name)
    whole = PromptEncoder(tokenizer).encode(TEXTS[key], OPTIONS)
    for excess in (1, 2, 5):
        if excess + 2 > len(whole.features):
            continue
        encoder = PromptEncoder(tokenizer, whole.longest - excess, cut_left=True)
        cut = encoder.encode(TEXTS[key], OPTIONS)
        assert cut.lost == excess and len(cut.prompt_ids) == len(whole.prompt_ids) - excess
        assert cut.feature_ids == tuple(cut.prompt_ids[position] for position in cut.features)
        everything = range(len(cut.features))
        for operator in (retokenise, delete):
            found = operator(encoder, cut, everything, OPTIONS, "a")
            assert (found.prompt_ids, found.option_ids) == (cut.prompt_ids, cut.option_ids)
        kept = everything[:-3]
        found = retokenise(encoder, cut, kept, OPTIONS, "a")
        first = cut.prompt_ids[: len(kept) // 2]
        if key in ("plain", "closed"):
            assert found.prompt_ids[: len(first)] == first


BITS = [
    *("the film", " yes", " ", "  ", "\n", "\r\n", "\t", "\xa0", "2020", ".", "<", "s", ">", "A"),
    *(
        "e\u0301",
        "\u200b",
        "\x00",
        "\ufb01",
        "\xbd",
        "\u03a9\u0345",
        "\u3000",
        "\u706b",
        "\U0001f600",
    ),
    *("<s>", "</s>", "<unk>", "<pad>", "[UNK]", "[CLS]", "<|im_start|>", "\u2581", "\u0120"),
]
"""Pieces of texts that tokenizers treat in ways of their own."""


@pytest.mark.parametrize("name", MAKERS)
def test_any_text_at_any_limit(name):
    """Removing nothing gives the prompt; for any removal, special tokens stay and the limit holds."""
    rng = np.random.default_rng(0)
    tokenizer = tokenizer_at_hand(name)
    for _ in range(40):
        text = "".join(rng.choice(BITS, rng.integers(1, 15)))
        options = [str(rng.choice([" yes", "no", "\nno", " film", "\ta"])), " good"]
        free = PromptEncoder(tokenizer)
        whole = free.encode(text, options)
        longest, cut = whole.longest, int(rng.integers(0, max(1, len(whole.features) // 2)))
        for encoder in (
            free,
            PromptEncoder(tokenizer, longest),
            PromptEncoder(tokenizer, longest - cut, cut_left=True),
        ):
            encoded = encoder.encode(text, options)
            everything = range(len(encoded.features))
            for operator in (retokenise, delete):
                found = operator(encoder, encoded, everything, options, "a")
                assert found == ScoringInput(encoded.prompt_ids, encoded.option_ids)
            kept = [feature for feature in everything if rng.random() < 0.7]
            found = retokenise(encoder, encoded, kept, options, "a")
            assert found.prompt_ids and all(found.option_ids)
            special = [encoded.prompt_ids[position] for position in encoded.fixed]
            if found.prompt_ids != encoder.prefix_ids:
                assert [token for token in found.prompt_ids if token in special] == special
            longest_option = max(map(len, found.option_ids))
            limit = encoder.maximum_tokens or 10**6
            assert len(found.prompt_ids) + longest_option - 1 <= limit


def test_nothing_left_of_a_prompt_that_was_cut_is_an_empty_prompt():
    tokenizer = tokenizer_at_hand("byte_level")
    whole = PromptEncoder(tokenizer).encode(TEXTS["plain"], OPTIONS)
    encoder = PromptEncoder(tokenizer, whole.longest - 4, cut_left=True)
    found = retokenise(encoder, encoder.encode(TEXTS["plain"], OPTIONS), [], OPTIONS, "a")
    empty = encoder.encode("", OPTIONS)
    assert (found.prompt_ids, found.option_ids) == (empty.prompt_ids, empty.option_ids)


EMOJI = ["😀😍🎬", "😍🎬😀", "🎬😀😍", "😀🎬😍"]


def test_prompts_at_the_limit_of_the_context_are_measured():
    """Cut emoji took 3 tokens for each of their bytes, more than the model accepts."""
    tokenizer = load_tokenizer(CHECKPOINT)
    encoder = Recorded(tokenizer, 256)
    model = PrunableModel(load_model(CHECKPOINT, device="cpu"))
    examples = pl.DataFrame(
        {
            "example_id": [f"evaluation-{n}" for n in range(4)],
            "prompt": [f"{three * 19} Is it good?\nAnswer:" for three in EMOJI],
            "options": [OPTIONS] * 4,
        }
    )
    rng = np.random.default_rng(0)
    rows = []
    for example_id, prompt, options in examples.iter_rows():
        encoded = encoder.encode(prompt, options)
        assert 235 < len(encoded.prompt_ids) < 256
        for n, (token, span) in enumerate(
            zip(encoded.feature_ids, encoded.feature_spans, strict=True)
        ):
            rows.append((0, example_id, "lime", "method", 0, 0, n, token, *span, rng.normal()))
    columns = ["level", "example_id", "method", "role", "seed", "target", "feature", "token_id"]
    table = pl.DataFrame(rows, schema=[*columns, "start", "end", "score"], orient="row")
    scorer = OptionScorer(model, (), 4096)
    predictions = predict(scorer, encoder, examples, [0])
    found = measure(
        scorer, encoder, examples, table, predictions, [0], [0.1, 0.3], ["retokenise", "delete"]
    )
    assert found["perturbed_probability"].null_count() == 0
    assert found["example_id"].n_unique() == 4
    longest = examples["prompt"].str.len_chars().max()
    assert encoder.texts and all(len(text) < longest for text in encoder.texts)
    assert not any("\ufffd" in text for text in encoder.texts)


LETTERS = ("한국어 좋다", "ভালো লাগলো", "கொண்டது போ", "schön")
"""Words that can be typed with several characters for one letter."""


@pytest.mark.parametrize("text", LETTERS)
@pytest.mark.parametrize("name", ["composing", "unigram", "bare_bpe"])
def test_a_letter_typed_in_parts_goes_as_a_whole(name, text):
    """After NFC and NFKC both spellings have the same tokens, with offsets that contain only the first part."""
    encoder = Recorded(tokenizer_at_hand(name))
    in_parts = unicodedata.normalize("NFD", text)
    encoded, composed = (encoder.encode(spelt, OPTIONS) for spelt in (in_parts, text))
    assert len(in_parts) > len(text) and encoded.prompt_ids == composed.prompt_ids
    for gone in range(len(encoded.features)):
        kept = [feature for feature in range(len(encoded.features)) if feature != gone]
        for prompt in (encoded, composed):
            retokenise(encoder, prompt, kept, OPTIONS, "a")
        left_of_parts, left = encoder.texts[-2:]
        assert unicodedata.normalize("NFC", left_of_parts) == left
    everything = range(len(encoded.features))
    found = retokenise(encoder, encoded, everything, OPTIONS, "a")
    assert found == ScoringInput(encoded.prompt_ids, encoded.option_ids)


def test_a_rest_that_cannot_be_encoded_keeps_its_ids():
    """After a removed letter the tokenizer has no token for the remaining pair."""
    from tokenizers import Tokenizer, models, normalizers
    from transformers import PreTrainedTokenizerFast

    bare = Tokenizer(models.BPE({"<s>": 0, "a": 1, "b": 2, "x": 3}, []))
    bare.normalizer = normalizers.Replace("ab", "é")
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=bare, bos_token="<s>")
    encoder = PromptEncoder(tokenizer)
    encoded = encoder.encode("xaxb", ["x", "a"])
    assert encoded.prompt_ids == (3, 1, 3, 2)
    found = retokenise(encoder, encoded, [0, 1, 3], ["x", "a"], "a")
    assert found == ScoringInput((3, 1, 2), encoded.option_ids)
