"""Small but real models and tokenizers."""

import json

CORPUS = [
    "The film was not good, but the acting was wonderful and the story was moving.",
    "Question: Is this review positive or negative? Answer: positive negative yes no",
    "A dull, lifeless and boring picture; never funny, always predictable.",
    "Which of these is the capital of France? The river runs through the old city of Paris.",
    "Anna keeps the silver key in the green box under the wooden stairs of the museum.",
] * 3


def byte_level_tokenizer():
    """As GPT-2: bytes, spaces inside the tokens, no special token in front."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=380,
        special_tokens=["<|endoftext|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|endoftext|>")


def metaspace_tokenizer():
    """As Llama 2: a space in front of the text, BOS before it."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    def bpe(**options):
        tokenizer = Tokenizer(models.BPE(unk_token="<unk>", **options))
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first")
        return tokenizer

    special = ["<unk>", "<s>", "</s>"]
    trainer = trainers.BpeTrainer(vocab_size=240, special_tokens=special, show_progress=False)
    trained = bpe()
    trained.train_from_iterator(CORPUS, trainer)
    learned = json.loads(trained.to_str())["model"]
    # The trainer knows byte tokens only as special tokens, which they are not: add them to its vocabulary.
    vocabulary = dict(learned["vocab"])
    for byte in range(256):
        vocabulary[f"<0x{byte:02X}>"] = len(vocabulary)
    merges = [tuple(merge) for merge in learned["merges"]]
    tokenizer = bpe(vocab=vocabulary, merges=merges, byte_fallback=True, fuse_unk=True)
    tokenizer.add_special_tokens(special)
    tokenizer.decoder = decoders.Sequence(
        [
            decoders.Replace("▁", " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(" ", 1, 0),
        ]
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", 1)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="<unk>", bos_token="<s>", eos_token="</s>"
    )


def tiny_llama(vocabulary: int, seed: int = 0, layers: int = 4):
    """Random weights large enough that options differ clearly."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=layers,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=256,
        initializer_range=0.3,
    )
    return LlamaForCausalLM(config).eval()


def merging_tokenizer(merges, special=(), alphabet=None, prepends=False, **roles):
    """Byte-level BPE over whole texts, with these merges in this order; it merges across spaces.

    Args:
        merges: pairs of pieces; a space is "Ġ".
        special: special tokens, in front of the vocabulary.
        alphabet: single pieces; all bytes if not given.
        prepends: SentencePiece's way instead: characters, and a first space "▁" in front of every text.
        roles: of special tokens, such as bos_token.
    """
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    pieces = [*special, *(alphabet or sorted(pre_tokenizers.ByteLevel.alphabet()))]
    pieces += [left + right for left, right in merges]
    vocabulary = {piece: number for number, piece in enumerate(dict.fromkeys(pieces))}
    model = models.BPE(
        vocab=vocabulary, merges=merges, unk_token=roles.get("unk_token"), fuse_unk=True
    )
    tokenizer = Tokenizer(model)
    if prepends:
        tokenizer.normalizer = normalizers.Sequence(
            [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
        )
        tokenizer.decoder = decoders.Sequence(
            [decoders.Replace("▁", " "), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
        )
    else:
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
        tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(list(special))
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **roles)
