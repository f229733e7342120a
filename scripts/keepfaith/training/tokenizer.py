"""Training of a byte-level BPE tokenizer: real subwords, and it can encode any text."""

from collections.abc import Iterable

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

SPECIAL_TOKENS = ("<unk>", "<s>", "</s>", "<pad>")
"""In the order of their ids: id 0, the baseline of masking methods, is <unk>."""


def train_tokenizer(
    texts: Iterable[str], vocabulary: int, *, lower_case: bool = False, positions: int = 256
) -> PreTrainedTokenizerFast:
    """A fast tokenizer of at most `vocabulary` tokens for models that read `positions` tokens.

    Encoding adds no special token, as lm-evaluation-harness expects of a causal model without an
    explicit setting. The same texts in the same order give the same tokenizer.
    Raises ValueError if `vocabulary` is too small for the 256 bytes and the special tokens.
    """
    smallest = 256 + len(SPECIAL_TOKENS)
    if vocabulary < smallest:
        raise ValueError(f"a byte-level vocabulary needs at least {smallest} tokens: {vocabulary}")
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    if lower_case:
        tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=list(SPECIAL_TOKENS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        unk_token="<unk>",
        bos_token="<s>",
        eos_token="</s>",
        pad_token="<pad>",
        clean_up_tokenization_spaces=False,
        model_max_length=positions,
    )
