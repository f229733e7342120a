"""Tokenizers of many kinds, and texts on which encoding, decoding and encoding again is not the identity."""

import json
import os
import unicodedata
from functools import cache
from pathlib import Path

import pytest
from small_models import CORPUS, byte_level_tokenizer, metaspace_tokenizer

SMOLLM2_VARIABLE = "KEEPFAITH_SMOLLM2"
"""Environment variable with the folder of SmolLM2-135M-Instruct, where it does not lie in shared/models."""

SHARED = Path(__file__).resolve().parents[3] / "shared" / "models"

TEXTS = {
    "plain": "The film was not good, but the acting was.\nQuestion: Is it positive?\nAnswer:",
    "closed": "A moving film</s>\nQuestion: Is this review positive or negative?\nAnswer:",
    "unknown": "A <unk> film, and <unk> acting.\nAnswer:",
    "instruct": "<s>[INST] a film [/INST] Answer:",
    "chat": "<|im_start|>user\nIs this good?<|im_end|>\n<|im_start|>assistant\n",
    "line_ends": "Which one?\n\nA film\r\nAnswer\n\n",
    "umlauts": "Ein schöner Film über Käse, très élégant.\nAntwort:",
    "chinese": "这部电影很好看，我喜欢。\n问题：正面还是负面？\n答案：",  # noqa: RUF001
    "thai_hindi": "ภาพยนตร์ดีมาก\nयह फ़िल्म अच्छी है।\nAnswer:",
    "emoji": "😀😍🎬 great 👩‍👩‍👧 film 🇩🇪\nAnswer:",
    "digits": "In 2020 ACME sold 1,999 UNITS (42.5%).\nAnswer:",
    "late_start": " <s>A film\n<s>Answer:",
    "marks": "Cafe\u0301 noe\u0308l \u200bnai\u0308ve  film \ufb01ne.\nAnswer:   ",
    "letters_in_parts": unicodedata.normalize(
        "NFD", "한국어 영화가 좋다. ছবিটি ভালো লাগলো. படம் கொண்டது போ. ỗ ﾊﾞ\nAnswer:"
    ),
    "metaspaces": "▁already▁sp Ġgpt2 ▁ Ċ▁▁\nA film ▁:",
}
"""Fifteen prompts, by what is special about them."""


def wordpiece_tokenizer():
    """As BERT without its closing token: words from a list, all else unknown, accents dropped."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[UNK]", "[PAD]", "[CLS]"]
    trainer = trainers.WordPieceTrainer(vocab_size=150, special_tokens=special, show_progress=False)
    tokenizer.train_from_iterator([line.replace("u", "o") for line in CORPUS], trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="[UNK]", pad_token="[PAD]", bos_token="[CLS]"
    )


def bare_bpe_tokenizer():
    """Pairs of letters over whole words, without bytes: letters that it never saw are unknown."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True))
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="never")
    trainer = trainers.BpeTrainer(
        vocab_size=120, special_tokens=["<unk>", "<s>", "</s>"], show_progress=False
    )
    tokenizer.train_from_iterator([line.lower() for line in CORPUS], trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="<unk>", bos_token="<s>", eos_token="</s>"
    )


def trimming_tokenizer():
    """As `byte_level_tokenizer`, but spaces are trimmed from the offsets, as in GPT-2's converted files."""
    from tokenizers import processors

    tokenizer = byte_level_tokenizer()
    tokenizer.backend_tokenizer.post_processor = processors.ByteLevel(
        add_prefix_space=False, trim_offsets=True
    )
    return tokenizer


def composing_tokenizer():
    """As Qwen and Pythia: byte-level after NFC, which composes several characters to one letter."""
    from tokenizers import normalizers

    tokenizer = byte_level_tokenizer()
    tokenizer.backend_tokenizer.normalizer = normalizers.NFC()
    return tokenizer


def unigram_tokenizer():
    """As XGLM with bytes: NFKC, runs of spaces are one, and so is a typed "▁"."""
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.Unigram())
    several = normalizers.Replace(Regex(" {2,}"), " ")
    tokenizer.normalizer = normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC(), several])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    trainer = trainers.UnigramTrainer(
        vocab_size=200, special_tokens=special, unk_token="<unk>", show_progress=False
    )
    tokenizer.train_from_iterator([*CORPUS, *TEXTS.values()], trainer)
    state = json.loads(tokenizer.to_str())
    state["model"]["vocab"] += [[f"<0x{byte:02X}>", -20.0] for byte in range(256)]
    state["model"]["byte_fallback"] = True
    tokenizer = Tokenizer.from_str(json.dumps(state))
    tokenizer.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Metaspace()])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", unk_token="<unk>"
    )


def prefixing_tokenizer(trim_offsets=True, processor_knows=False):
    """Byte-level, with a space added before every text and after every special token.

    Args:
        trim_offsets: leave spaces out of the offsets.
        processor_knows: whether what trims them knows of the first of these spaces; a file may say either.
    """
    from tokenizers import pre_tokenizers, processors

    tokenizer = byte_level_tokenizer()
    tokenizer.add_special_tokens({"bos_token": "<s>", "additional_special_tokens": ["</s>"]})
    encodes = tokenizer.backend_tokenizer
    encodes.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    encodes.post_processor = processors.Sequence(
        [processors.ByteLevel(add_prefix_space=processor_knows, trim_offsets=trim_offsets)]
    )
    return tokenizer


OPENING = "[gMASK]<sop>"


def opening_tokenizer(first="[gMASK]", second="<sop>", **roles):
    """As ChatGLM: byte-level, and two special tokens in front of every text, neither of them BOS unless `roles` say."""
    from tokenizers import processors

    tokenizer = byte_level_tokenizer()
    tokenizer.add_special_tokens({"additional_special_tokens": [first, second]} | roles)
    numbers = [(token, tokenizer.convert_tokens_to_ids(token)) for token in (first, second)]
    tokenizer.backend_tokenizer.post_processor = processors.Sequence(
        [
            processors.ByteLevel(add_prefix_space=False, trim_offsets=True),
            processors.TemplateProcessing(single=f"{first} {second} $A", special_tokens=numbers),
        ]
    )
    return tokenizer


def _loaded(folder: Path):
    from keepfaith.models.loading import load_tokenizer

    if not (folder / "tokenizer.json").is_file():
        pytest.skip(f"{folder.name} is not at hand: no such folder beside the project")
    return load_tokenizer(folder)


def smollm2_folder() -> Path:
    """Where SmolLM2-135M-Instruct is, or would be."""
    named = Path(os.environ.get(SMOLLM2_VARIABLE) or SHARED / "smollm2-135m-instruct")
    inside = named / "smollm2-135m-instruct"
    return inside if inside.is_dir() else named


def _builtin():
    from keepfaith.models.builtin import CHECKPOINT

    return _loaded(CHECKPOINT)


MAKERS = {
    "builtin": _builtin,
    "stories260K": lambda: _loaded(SHARED / "stories260K"),
    "babyllama105": lambda: _loaded(SHARED / "babyllama105"),
    "smollm2": lambda: _loaded(smollm2_folder()),
    "byte_level": byte_level_tokenizer,
    "trimming": trimming_tokenizer,
    "wordpiece": wordpiece_tokenizer,
    "bare_bpe": bare_bpe_tokenizer,
    "metaspace_bos": metaspace_tokenizer,
    "prefixing": prefixing_tokenizer,
    "two_in_front": opening_tokenizer,
    "composing": composing_tokenizer,
    "unigram": unigram_tokenizer,
}


@cache
def tokenizer_at_hand(name: str):
    """The tokenizer called `name` in `MAKERS`; skips the test where its folder is absent."""
    return MAKERS[name]()
